import { open } from 'lmdb'
import type { RootDatabase } from 'lmdb'
import { CommandError, messageOf } from '../bson/errors'
import { backupTo } from './backup'
import { commit } from './checkpoint'
import { flushFolder } from './flush'
import { Layers } from './layers'
import { BINARY } from './lmdb-tree'
import { changesOf } from './log-record'
import { StorageOpenError } from './open-error'
import { numberedTreeId, recover, StoredState, TREE_IDS } from './recovery'
import type { Recovered } from './recovery'
import { Snapshot } from './snapshot'
import { StoredTree } from './stored-tree'
import { WriteAheadLog } from './write-ahead-log'
import { writeFailure } from './write-failure'
import { WriteQueue } from './write-queue'
import type { WriteQueueOptions } from './write-queue'

/** A collection takes one tree and each of its indexes another. */
export const TREES_MAX = 8_000
const TREES_GROWTH = 16
/** lmdb keeps one record per tree in every transaction; the catalog, the sessions and the metadata are three more. */
const DATABASES_MAX = TREES_MAX + 8

/** Snapshots that can be held at a time, and a few for the reads in between. */
export const SNAPSHOTS_MAX = 1_000
const READERS_MAX = SNAPSHOTS_MAX + 24

/**
 * Address space for the file, taken at once: it is no memory. Where it must grow lmdb maps the file anew and keeps the old
 * mapping, so that every page is counted twice as resident. Windows would make the file as large as the mapping.
 */
const MAP_BYTES = 64 * 1_024 ** 3
const MAPPING = process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }

/** Of what was on disk before this process: every group comes after it. */
const NO_GROUP = 0
const OF_A_FOLDER = {
  noSubdir: false,
  // A commit is then acknowledged when it is on disk, not before: there is no second thing to wait for.
  overlappingSync: false,
  // Else lmdb opens a batch of its own in every turn, and nobody can handle its promise when a commit fails.
  eventTurnBatching: false,
} as const

export interface EnvironmentOptions {
  readonly folder: string
  /** False: nothing is flushed. For data that need not outlive the process. */
  readonly durable: boolean
  /** How long what is written may stand in the log alone. */
  readonly checkpointMs?: number
}

/**
 * The store of one folder: sorted trees of bytes, and writes that are on disk before they are acknowledged, in a log first
 * and in lmdb soon after. Trees are numbered and never deleted, but emptied and used again: so a handle stays good for
 * the life of the process.
 */
export class Environment {
  readonly catalog: StoredTree
  /** What must be known of clients' sessions to apply their writes once. */
  readonly sessions: StoredTree
  private readonly trees = new Map<number, StoredTree>()
  private readonly freeTrees: number[] = []
  private readonly failureListeners: (() => void)[] = []
  private growing: Promise<void> | undefined
  private isEnding = false
  private readonly state: StoredState
  private readonly layers: Layers
  private readonly writes: WriteQueue

  /** Inside a transaction of lmdb's. */
  private constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    folder: string,
    { state, records, generation }: Recovered,
    settings: Pick<WriteQueueOptions, 'log' | 'checkpointMs'>,
  ) {
    this.state = state
    this.layers = new Layers(records.length === 0 ? generation + 1 : generation)
    this.writes = new WriteQueue({
      root,
      layers: this.layers,
      ...settings,
      noteGeneration: (generation) => state.noteGeneration(generation),
      noteUnfinished: () => state.noteGeneration(state.generation, true),
      failure: (cause) => writeFailure(cause, folder),
      onFailure: (direct) => this.refresh(direct),
    })
    this.catalog = new StoredTree(TREE_IDS.catalog, state.catalog, this.writes)
    this.sessions = new StoredTree(TREE_IDS.sessions, state.sessions, this.writes)
    for (let number = 1; number <= state.treeCount; number++) this.openTree(number)
    this.releaseTrees([...this.trees.keys()])
    this.recount()
    if (records.length > 0) this.redo(records)
  }

  /** What the log has, and lmdb has not, is seen at once. */
  private redo(records: readonly Buffer[]): void {
    const trees = new Map([this.catalog, this.sessions, ...this.trees.values()].map((tree) => [tree.id, tree]))
    for (const record of records) {
      for (const { tree: id, key, value } of changesOf(record)) {
        const tree = trees.get(id)
        if (tree === undefined) throw new StorageOpenError(`the log names a tree ${id} that is not there`)
        const isNew = !tree.has(key)
        this.layers.put(tree, key.toString('latin1'), value, isNew, NO_GROUP)
        tree.forget(Number(!isNew) - Number(value !== undefined))
      }
    }
    this.layers.freeze()
  }

  /** Opens or creates the store. Throws StorageOpenError. */
  static open({ folder, durable, checkpointMs }: EnvironmentOptions): Environment {
    try {
      const root = open<Buffer, Buffer>({
        path: folder,
        maxDbs: DATABASES_MAX,
        maxReaders: READERS_MAX,
        noSync: !durable,
        ...OF_A_FOLDER,
        ...MAPPING,
        ...BINARY,
      })
      const recovered = recover(root, folder)
      const log = durable ? WriteAheadLog.open(folder) : undefined
      const environment = root.transactionSync(() => new Environment(root, folder, recovered, { log, checkpointMs }))
      if (recovered.records.length > 0) environment.writes.settleFirst()
      if (durable) flushFolder(folder)
      return environment
    } catch (error) {
      if (error instanceof StorageOpenError) throw error
      throw new StorageOpenError(`cannot open the data folder ${folder}: ${messageOf(error)}`, { cause: error })
    }
  }

  private openTree(number: number): void {
    this.trees.set(number, new StoredTree(numberedTreeId(number), this.state.numbered(number), this.writes))
  }

  /** Inside a transaction of lmdb's: opens more trees, whose numbers it returns. */
  private grow(): readonly number[] {
    const first = this.trees.size + 1
    const last = Math.min(TREES_MAX, this.trees.size + TREES_GROWTH)
    const opened: number[] = []
    for (let number = first; number <= last; number++) {
      this.openTree(number)
      opened.push(number)
    }
    this.state.noteTreeCount(last)
    return opened
  }

  private recount(): void {
    this.catalog.recount()
    this.sessions.recount()
    for (const tree of this.trees.values()) tree.recount()
  }

  /** At start: marks the trees that the catalog names as taken, and empties what a broken-off change left in others. */
  async claimTrees(used: ReadonlySet<number>): Promise<void> {
    const free = this.freeTrees.filter((number) => !used.has(number))
    this.freeTrees.splice(0, this.freeTrees.length, ...free)
    try {
      await this.empty(free)
    } catch {
      // Without room for that they are emptied when somebody wants them.
    }
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
      this.growing ??= this.writeDirectly(() => this.grow())
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
    if (dirty.length > 0) await this.writeDirectly(() => dirty.forEach((number) => this.tree(number).clear()))
  }

  /** Gives back trees that nothing in the catalog uses any more. */
  releaseTrees(numbers: readonly number[]): void {
    this.freeTrees.push(...numbers)
  }

  /**
   * Runs `work` synchronously, alone, and with the state that all writes before it left. What is written in one turn is
   * on disk together. Resolves when what it wrote is.
   *
   * What `work` throws is passed on, but what it had written by then stays: so it decides first and writes then.
   */
  async write<T>(work: () => T): Promise<T> {
    this.checkWritable()
    return this.writes.add(work, 'once')
  }

  /**
   * The same for what takes long: calls `step` until it returns true, with turns for readers in between, and for nobody
   * who writes.
   */
  async writeInSteps(step: () => boolean): Promise<void> {
    this.checkWritable()
    await this.writes.add(step, 'steps')
  }

  /** Has the write that runs left work for turns that follow? */
  get isOwing(): boolean {
    return this.writes.isOwing
  }

  /** The same in a transaction of lmdb's, which has everything by then: there trees may be cleared. */
  async writeDirectly<T>(work: () => T): Promise<T> {
    this.checkWritable()
    return this.writes.add(work, 'direct')
  }

  /** Runs `work` in a transaction of lmdb's, to ask what it knows: what is not there yet is left out. */
  inspect<T>(work: () => T): Promise<T> {
    return commit(this.root, work)
  }

  private checkWritable(): void {
    if (this.isEnding) throw new CommandError(11600, 'InterruptedAtShutdown', 'interrupted at shutdown')
  }

  /** The present state, to be read for as long as the snapshot is not closed. Outside of `write`. */
  snapshot(): Snapshot {
    // Else it might be the state at the beginning of this turn, before what was acknowledged since.
    this.root.resetReadTxn()
    const view = this.layers.openView()
    return new Snapshot(this.root.useReadTransaction(), view, (closed) => this.layers.closeView(closed))
  }

  /** `listener` runs after writes have failed, before the next one: what is in memory must be read anew. */
  onFailure(listener: () => void): void {
    this.failureListeners.push(listener)
  }

  /** After a failure: makes what is in memory what is on disk. `direct`: lmdb's own transaction has failed. */
  private refresh(direct: boolean): void {
    if (direct) {
      this.root.transactionSync(() => {
        for (const number of this.trees.keys()) if (number > this.state.treeCount) this.trees.delete(number)
        this.recount()
      })
    }
    for (const listener of this.failureListeners) listener()
  }

  /** Copies the present state into an empty or new folder, which opens as it is. */
  async backup(folder: string): Promise<void> {
    await this.writeDirectly(() => undefined)
    await backupTo(this.root, folder, isWhole)
  }

  /** Resolves when all that was written is in lmdb. No write begins any more. */
  async endWrites(): Promise<void> {
    const last = this.writeDirectly(() => undefined).catch(() => undefined)
    this.isEnding = true
    await last
  }

  /** Waits for what is being written, then closes. */
  async close(): Promise<void> {
    await this.endWrites()
    this.writes.close()
    await this.root.close()
  }
}

/** Is lmdb's file in a folder not of the middle of a checkpoint? */
async function isWhole(folder: string): Promise<boolean> {
  const root = open<Buffer, Buffer>({ path: folder, maxDbs: DATABASES_MAX, ...OF_A_FOLDER, ...BINARY })
  const isUnfinished = root.transactionSync(() => new StoredState(root).isUnfinished)
  await root.close()
  return !isUnfinished
}
