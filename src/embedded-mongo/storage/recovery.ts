import type { RootDatabase } from 'lmdb'
import { readDoc, writeDoc } from '../bson/doc'
import { BINARY, LmdbTree } from './lmdb-tree'
import { DamagedLogError } from './log-record'
import { StorageOpenError } from './open-error'
import { WriteAheadLog } from './write-ahead-log'

/** Version of what stands in the folder. A change that older engines would misread raises it: 2 has a log beside lmdb. */
const FORMAT_VERSION = 2

/** What every data file of this server has. */
export const META_TREE = 'meta'
const META_KEY = Buffer.from('meta')
const GENERATION_KEY = Buffer.from('generation')
/** Behind its number. */
const UNFINISHED_OFFSET = 8

/** What the log calls the trees that have names; the numbered ones follow. */
export const TREE_IDS = { catalog: 0, sessions: 1, firstNumbered: 2 } as const

export function numberedTreeId(number: number): number {
  return TREE_IDS.firstNumbered + number - 1
}

/** The trees as lmdb has them. */
export class StoredState {
  readonly catalog: LmdbTree
  readonly sessions: LmdbTree
  private readonly meta: LmdbTree

  /** Inside a transaction of lmdb's. */
  constructor(private readonly root: RootDatabase<Buffer, Buffer>) {
    this.meta = this.open(META_TREE)
    this.catalog = this.open('catalog')
    this.sessions = this.open('sessions')
  }

  private open(name: string): LmdbTree {
    return new LmdbTree(this.root.openDB<Buffer, Buffer>(name, BINARY))
  }

  /** Inside a transaction of lmdb's: opens or makes it. */
  numbered(number: number): LmdbTree {
    return this.open(`t${number}`)
  }

  private get doc(): { readonly version: number; readonly trees: number } | undefined {
    const stored = this.meta.get(META_KEY)
    const doc = stored === undefined ? undefined : readDoc(stored)
    return doc && { version: Number(doc['formatVersion']), trees: Number(doc['trees']) }
  }

  get version(): number | undefined {
    return this.doc?.version
  }

  /** How many numbered trees there are. */
  get treeCount(): number {
    return this.doc?.trees ?? 0
  }

  /** Inside a transaction of lmdb's. */
  noteTreeCount(trees: number): void {
    this.meta.store(META_KEY, Buffer.from(writeDoc({ formatVersion: FORMAT_VERSION, trees })))
  }

  /** Up to which generation lmdb has what stands in the log. */
  get generation(): number {
    return this.meta.get(GENERATION_KEY)?.readDoubleLE(0) ?? 0
  }

  /** Is the next one there in part? */
  get isUnfinished(): boolean {
    return this.meta.get(GENERATION_KEY)?.[UNFINISHED_OFFSET] === 1
  }

  /** Inside a transaction of lmdb's. */
  noteGeneration(generation: number, isUnfinished = false): void {
    const bytes = Buffer.alloc(UNFINISHED_OFFSET + 1)
    bytes.writeDoubleLE(generation)
    bytes[UNFINISHED_OFFSET] = Number(isUnfinished)
    this.meta.store(GENERATION_KEY, bytes)
  }
}

/** What a folder has. */
export interface Recovered {
  readonly state: StoredState
  /** What the log has and lmdb has not, in its order. */
  readonly records: readonly Buffer[]
  /** The last generation that there has been. */
  readonly generation: number
}

/**
 * Reads what a folder has. Throws StorageOpenError where a newer version has written it, or its log is damaged; then
 * nothing has been changed.
 */
export function recover(root: RootDatabase<Buffer, Buffer>, folder: string): Recovered {
  return root.transactionSync(() => {
    const state = new StoredState(root)
    const version = state.version ?? FORMAT_VERSION
    if (version > FORMAT_VERSION) {
      throw new StorageOpenError(
        `the data folder ${folder} has format ${version}, and this engine knows formats up to ${FORMAT_VERSION}: it was written by a newer version`,
      )
    }
    const { records, last } = readLog(folder, state.generation)
    if (state.version !== FORMAT_VERSION) state.noteTreeCount(state.treeCount)
    return { state, records, generation: last }
  })
}

function readLog(folder: string, generation: number): ReturnType<typeof WriteAheadLog.read> {
  try {
    return WriteAheadLog.read(folder, generation)
  } catch (error) {
    if (!(error instanceof DamagedLogError)) throw error
    const message = `the log in the data folder ${folder} is damaged: ${error.message}; nothing has been changed`
    throw new StorageOpenError(message, { cause: error })
  }
}
