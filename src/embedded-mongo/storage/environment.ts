import { statfsSync } from 'node:fs'
import { open } from 'lmdb'
import type { RootDatabase } from 'lmdb'
import { readDoc, writeDoc } from '../bson/doc'
import { CommandError, messageOf } from '../bson/errors'
import { backupTo } from './backup'
import { flushFolder } from './flush'
import { StorageOpenError } from './open-error'
import { Snapshot } from './snapshot'
import { StoredTree } from './tree'
import { WriteQueue } from './write-queue'

/** Version of what stands in the folder. A change that older engines would misread raises it. */
export const FORMAT_VERSION = 1

/** A collection takes one tree and each of its indexes another. */
export const TREES_MAX = 8_000
const TREES_GROWTH = 16
/** lmdb keeps one record per tree in every transaction; the catalog, the sessions and the metadata are three more. */
const DATABASES_MAX = TREES_MAX + 8

/** Snapshots that can be held at a time, and a few for the reads in between. */
export const SNAPSHOTS_MAX = 1_000
const READERS_MAX = SNAPSHOTS_MAX + 24

/** With less than this left a failed write is put down to the disk: a growing file takes that much at once. */
const DISK_FULL_BYTES = 4 * 1_024 * 1_024

/** What every data file of this server has. */
export const META_TREE = 'meta'
/**
 * Address space for the file, taken at once: it is no memory. Where it must grow lmdb maps the file anew and keeps the old
 * mapping, so that every page is counted twice as resident. Windows would make the file as large as the mapping.
 */
const MAP_BYTES = 64 * 1_024 ** 3
const MAPPING = process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }

const META_KEY = Buffer.from('meta')
const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

export interface EnvironmentOptions {
  readonly folder: string
  /** False: nothing is flushed. For data that need not outlive the process. */
  readonly durable: boolean
}

/**
 * The store of one folder: sorted trees of bytes, and write transactions that are on disk before they are acknowledged.
 * Trees are numbered and never deleted, but emptied and used again: so a handle stays good for the life of the process.
 */
export class Environment {
  readonly catalog: StoredTree
  /** What must be known of clients' sessions to apply their writes once. */
  readonly sessions: StoredTree
  private readonly meta: StoredTree
  private readonly trees = new Map<number, StoredTree>()
  private readonly freeTrees: number[] = []
  private readonly failureListeners: (() => void)[] = []
  private growing: Promise<void> | undefined
  /** A commit has failed: what is held in memory may tell of what never came to be. */
  private isStale = false
  private isEnding = false
  private readonly writes: WriteQueue

  private constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    private readonly folder: string,
  ) {
    // Told before the next transaction runs; the promises of the failed ones are rejected later than that.
    root.on('aftercommit', ({ txnId }: { readonly txnId?: number }) => (this.isStale ||= txnId === undefined))
    this.writes = new WriteQueue(
      root,
      () => this.refresh(),
      (error) => this.failed(error),
    )
    this.meta = this.openTree(META_TREE)
    this.catalog = this.openTree('catalog')
    this.sessions = this.openTree('sessions')
  }

  /** Opens or creates the store. Throws StorageOpenError. */
  static open(options: EnvironmentOptions): Environment {
    try {
      const root = open<Buffer, Buffer>({
        path: options.folder,
        noSubdir: false,
        maxDbs: DATABASES_MAX,
        maxReaders: READERS_MAX,
        noSync: !options.durable,
        // A commit is then acknowledged when it is on disk, not before: there is no second thing to wait for.
        overlappingSync: false,
        // Else lmdb opens a batch of its own in every turn, and nobody can handle its promise when a commit fails.
        eventTurnBatching: false,
        ...MAPPING,
        ...BINARY,
      })
      const environment = new Environment(root, options.folder)
      environment.load()
      if (options.durable) flushFolder(options.folder)
      return environment
    } catch (error) {
      if (error instanceof StorageOpenError) throw error
      throw new StorageOpenError(`cannot open the data folder ${options.folder}: ${messageOf(error)}`, { cause: error })
    }
  }

  private load(): void {
    this.root.transactionSync(() => {
      const stored = this.meta.get(META_KEY)
      const meta = stored === undefined ? undefined : readDoc(stored)
      const version = Number(meta?.['formatVersion'] ?? FORMAT_VERSION)
      if (version > FORMAT_VERSION) {
        throw new StorageOpenError(
          `the data folder ${this.folder} has format ${version}, and this engine knows formats up to ${FORMAT_VERSION}: it was written by a newer version`,
        )
      }
      const count = Number(meta?.['trees'] ?? 0)
      for (let number = 1; number <= count; number++) this.trees.set(number, this.openTree(`t${number}`))
      if (meta === undefined) this.grow()
      this.releaseTrees([...this.trees.keys()])
      this.recount()
    })
  }

  private openTree(name: string): StoredTree {
    return new StoredTree(name, this.root.openDB<Buffer, Buffer>(name, BINARY))
  }

  /** Inside a write transaction: opens more trees, whose numbers it returns. */
  private grow(): readonly number[] {
    const first = this.trees.size + 1
    const last = Math.min(TREES_MAX, this.trees.size + TREES_GROWTH)
    const opened: number[] = []
    for (let number = first; number <= last; number++) {
      this.trees.set(number, this.openTree(`t${number}`))
      opened.push(number)
    }
    const meta = Buffer.from(writeDoc({ formatVersion: FORMAT_VERSION, trees: last }))
    if (this.meta.has(META_KEY)) this.meta.replace(META_KEY, meta)
    else this.meta.insert(META_KEY, meta)
    return opened
  }

  private recount(): void {
    this.meta.recount()
    this.catalog.recount()
    this.sessions.recount()
    for (const tree of this.trees.values()) tree.recount()
  }

  /** At start: marks the trees that the catalog names as taken, and empties what a broken-off change left in others. */
  async claimTrees(used: ReadonlySet<number>): Promise<void> {
    const free = this.freeTrees.filter((number) => !used.has(number))
    this.freeTrees.splice(0, this.freeTrees.length, ...free)
    await this.empty(free)
  }

  tree(number: number): StoredTree {
    const tree = this.trees.get(number)
    if (tree === undefined) throw new Error(`there is no tree ${number}`)
    return tree
  }

  /** Takes empty trees out of the stock. Whoever does not use them gives them back. */
  async takeTrees(count: number): Promise<number[]> {
    while (this.freeTrees.length < count) {
      if (this.trees.size + TREES_GROWTH > TREES_MAX) {
        throw new CommandError(
          146,
          'ExceededMemoryLimit',
          `this server holds at most ${TREES_MAX} collections and indexes`,
        )
      }
      this.growing ??= this.write(() => this.grow())
        .then((opened) => this.releaseTrees(opened))
        .finally(() => (this.growing = undefined))
      await this.growing
    }
    const taken = this.freeTrees.splice(0, count)
    try {
      await this.empty(taken)
      return taken
    } catch (error) {
      this.releaseTrees(taken)
      throw error
    }
  }

  /** What a change that failed had put there, and could not take away. */
  private async empty(numbers: readonly number[]): Promise<void> {
    const dirty = numbers.filter((number) => this.tree(number).count > 0)
    if (dirty.length > 0) await this.write(() => dirty.forEach((number) => this.tree(number).clear()))
  }

  /** Gives back trees that nothing in the catalog uses any more. */
  releaseTrees(numbers: readonly number[]): void {
    this.freeTrees.push(...numbers)
  }

  /**
   * Runs `work` in a write transaction: synchronously, alone, and with the state that all writes before it left. Several
   * that wait are committed together. Resolves when what it wrote is on disk.
   *
   * What `work` throws is passed on, but what it had written by then stays: so it decides first and writes then.
   */
  async write<T>(work: () => T): Promise<T> {
    if (this.isEnding) throw new CommandError(11600, 'InterruptedAtShutdown', 'interrupted at shutdown')
    return this.writes.add(work)
  }

  /** The present state, to be read for as long as the snapshot is not closed. Outside of `write`. */
  snapshot(): Snapshot {
    // Else it might be the state at the beginning of this turn, before what was acknowledged since.
    this.root.resetReadTxn()
    return new Snapshot(this.root.useReadTransaction())
  }

  /** `listener` runs after a commit has failed, before the next write: what is in memory must be read anew. */
  onFailure(listener: () => void): void {
    this.failureListeners.push(listener)
  }

  /** Inside a write transaction: after a failed commit, makes what is in memory what is on disk. */
  private refresh(): void {
    if (!this.isStale) return
    this.isStale = false
    const count = Number(readDoc(this.meta.get(META_KEY) as Buffer)['trees'])
    for (const number of this.trees.keys()) if (number > count) this.trees.delete(number)
    this.recount()
    for (const listener of this.failureListeners) listener()
  }

  private async failed(error: unknown): Promise<CommandError> {
    // lmdb rejects a second promise with the cause; unhandled it would end the process.
    const cause = await Promise.resolve((error as { commitError?: unknown }).commitError).catch((e: unknown) => e)
    this.root.transactionSync(() => this.refresh())
    return writeFailure(cause ?? error, this.folder)
  }

  /** Copies the present state into an empty or new folder, which opens as it is. */
  backup(folder: string): Promise<void> {
    return backupTo(this.root, folder)
  }

  /** Resolves when what is being written is on disk. No write begins any more. */
  async endWrites(): Promise<void> {
    const last = this.write(() => undefined).catch(() => undefined)
    this.isEnding = true
    await last
  }

  /** Waits for what is being written, then closes. */
  async close(): Promise<void> {
    await this.root.close()
  }
}

/** lmdb calls a full disk an input/output error as often as not, so the disk is asked. */
function writeFailure(cause: unknown, folder: string): CommandError {
  const message = `the change could not be written: ${messageOf(cause)}`
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize < DISK_FULL_BYTES
    ? new CommandError(14031, 'OutOfDiskSpace', `${message} (the disk is full)`)
    : new CommandError(1, 'InternalError', message)
}
