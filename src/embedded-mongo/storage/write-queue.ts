import type { RootDatabase } from 'lmdb'
import { afterArrivals } from '../turn'
import { checkpoint, commit } from './checkpoint'
import { Group, Job } from './commit-group'
import type { JobKind } from './commit-group'
import type { Layers } from './layers'
import { RecordWriter } from './log-record'
import type { ChangedTree, Memtable } from './memtable'
import { OwedWork } from './owed-work'
import type { Owing } from './owed-work'
import type { TreeWriter } from './stored-tree'
import type { WriteAheadLog } from './write-ahead-log'

/** How long the writes of one turn may keep the thread: those behind them take the next. */
const TURN_MS = 5
/** How long what is written may wait before it is brought into lmdb, and how much of it. */
export const CHECKPOINT_MS = 250
const CHECKPOINT_BYTES = 3 * 1_024 * 1_024
/** With so much in memory, and as much on its way into lmdb, writes wait. */
const MEMTABLE_BYTES_MAX = 16 * 1_024 * 1_024

export interface WriteQueueOptions {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly layers: Layers
  /** undefined: what is written need not outlive the process. */
  readonly log: WriteAheadLog | undefined
  /** CHECKPOINT_MS, if nothing is said. */
  readonly checkpointMs: number | undefined
  /** Inside a transaction of lmdb's: notes up to which generation it has everything. */
  readonly noteGeneration: (generation: number) => void
  /** Inside a transaction of lmdb's: notes that what follows the last generation is there in part. */
  readonly noteUnfinished: () => void
  /** What those hear whose writes could not be kept. */
  readonly failure: (cause: unknown) => Error
  /** Writes have failed, and been taken back: what is in memory must be read anew. `direct`: they were lmdb's own. */
  readonly onFailure: (direct: boolean) => void
}

/**
 * Runs writes one after another, and answers when they are on disk: what is written in one turn is one record of the log,
 * and while that is flushed the next one collects. Every now and then it brings all of it into lmdb. Some writes run in
 * a transaction of lmdb's instead: when everything before them is there.
 */
export class WriteQueue implements TreeWriter {
  private readonly waiting: Job[] = []
  private readonly idleRecords: RecordWriter[] = [new RecordWriter()]
  private group = new Group(1, new RecordWriter())
  /** Of the first job that waits. */
  private readonly owed = new OwedWork()
  /** The group that is being flushed. */
  private flushed: Group | undefined
  private turnIsDue = false
  private flushing: Promise<void> | undefined
  private bringing: Promise<void> | undefined
  private checkpointTimer: NodeJS.Timeout | undefined
  private checkpointIsDue = false
  /** No writes run: one that is direct is under way, or about to be. */
  private isHeld = false
  /** Something could not be written. Before anything else is, all there is must have come into lmdb. */
  private mustSettle = false
  /** Why. */
  private settleCause: unknown

  constructor(private readonly options: WriteQueueOptions) {}

  get readableGroup(): number {
    return this.options.layers.readableGroup
  }

  get frozenMemtable(): Memtable | undefined {
    return this.options.layers.frozenMemtable
  }

  get isDirect(): boolean {
    return this.options.layers.isDirect
  }

  get isWriting(): boolean {
    return this.options.layers.isWriting
  }

  get isOwing(): boolean {
    return this.owed.isLeft
  }

  owe(tree: Owing): void {
    this.owed.add(tree)
  }

  put(tree: ChangedTree, key: Buffer, value: Buffer | undefined, added: -1 | 0 | 1): void {
    const { group, options } = this
    if (options.log !== undefined) group.record.add(tree.id, key, value)
    group.touch(options.layers.put(tree, key.toString('latin1'), value, added === 1, group.number), added)
  }

  unseenIn(tree: ChangedTree): number {
    // Whoever writes sees everything.
    if (this.isWriting) return 0
    return this.group.addedTo(tree) + (this.flushed?.addedTo(tree) ?? 0)
  }

  /** At start: brings into lmdb what is there, before anything else is written. */
  settleFirst(): void {
    this.mustSettle = true
    this.startCheckpoint()
  }

  /** Resolves with what `work` returns, or rejects with what it throws, when what it wrote is on disk. */
  add<T>(work: () => T, kind: JobKind): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(new Job(work, kind, resolve as (value: unknown) => void, reject))
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.turnIsDue || this.isHeld || this.waiting.length === 0) return
    this.turnIsDue = true
    afterArrivals(() => this.takeTurn())
  }

  private takeTurn(): void {
    this.turnIsDue = false
    if (this.isHeld) return
    const end = performance.now() + TURN_MS
    let next = this.waiting[0]
    while (next !== undefined && !this.mustHold(next) && !this.isFull) {
      this.step(next)
      if (this.group.isOpen) break
      this.waiting.shift()
      this.group.jobs.push(next)
      if (performance.now() >= end) break
      next = this.waiting[0]
    }
    if (this.isFlushDue) this.flushing ??= this.flush()
    const [first] = this.waiting
    if (first !== undefined && this.mustHold(first)) void this.hold()
    else if (!this.isFull) this.schedule()
  }

  /** The next step of the job, or of what it owes after the last one. */
  private step(job: Job): void {
    const { options, owed } = this
    options.layers.writing(owed.isLeft ? owed : job)
    this.group.isOpen = owed.isLeft || job.isUnfinished
    if (owed.fault !== undefined) this.settleBecause(owed.fault)
  }

  private get isFlushDue(): boolean {
    return this.group.jobs.length > 0 && !this.group.isOpen
  }

  private settleBecause(cause: unknown): void {
    this.mustSettle = true
    this.settleCause = cause
  }

  private mustHold({ kind }: Job): boolean {
    return kind === 'direct' || this.mustSettle
  }

  private get isFull(): boolean {
    const { layers } = this.options
    return layers.bytes > MEMTABLE_BYTES_MAX && layers.frozenMemtable !== undefined
  }

  /** Writes the record of what has collected, and then of what has collected meanwhile. */
  private async flush(): Promise<void> {
    try {
      while (this.isFlushDue) await this.flushGroup()
    } finally {
      this.flushing = undefined
    }
    if (this.mustSettle && !this.isHeld) void this.hold()
    else this.checkpointIfDue()
  }

  private async flushGroup(): Promise<void> {
    const { layers, log } = this.options
    const { group } = this
    const { generation } = layers
    this.flushed = group
    this.group = new Group(group.number + 1, this.idleRecords.pop() ?? new RecordWriter())
    if (group.touched.length > 0) this.armCheckpoint()
    // What collects from now on belongs to the next generation: this group is the last one of its own.
    const isLast = this.freezeIfDue()
    try {
      if (!group.record.isEmpty) await log?.append(group.record, generation)
      layers.setDurable(group.number)
      this.flushed = undefined
      for (const job of group.jobs) job.tell()
    } catch (cause) {
      this.flushed = undefined
      this.fail([group, this.group], cause)
    }
    group.record.clear()
    this.idleRecords.push(group.record)
    if (isLast) this.startCheckpoint()
  }

  /** Nothing of the groups has happened. */
  private fail(groups: readonly Group[], cause: unknown): void {
    const { layers, failure, onFailure } = this.options
    this.mustSettle = true
    const unfinished = this.group.isOpen ? this.waiting.shift() : undefined
    this.owed.forgive()
    this.group = new Group(this.group.number + 1, new RecordWriter())
    for (const { touched } of groups) layers.undo(touched)
    const error = failure(cause)
    unfinished?.reject(error)
    for (const { jobs } of groups) for (const { reject } of jobs) reject(error)
    onFailure(false)
  }

  private armCheckpoint(): void {
    this.checkpointIsDue ||= this.options.layers.bytes > CHECKPOINT_BYTES
    this.checkpointTimer ??= setTimeout(() => {
      this.checkpointTimer = undefined
      this.checkpointIsDue = true
      if (this.flushing === undefined) this.checkpointIfDue()
    }, this.options.checkpointMs ?? CHECKPOINT_MS).unref()
  }

  private freezeIfDue(): boolean {
    const { layers } = this.options
    if (!this.checkpointIsDue || layers.frozenMemtable !== undefined) return false
    this.checkpointIsDue = false
    if (layers.bytes === 0) return false
    layers.freeze()
    return true
  }

  /** Between two groups. While writes are held whoever holds them does it. */
  private checkpointIfDue(): void {
    if (!this.isHeld && !this.group.isOpen && this.freezeIfDue()) this.startCheckpoint()
  }

  private startCheckpoint(): void {
    this.bringIn().then(
      () => {
        if (this.flushing === undefined && !this.mustSettle) this.checkpointIfDue()
        this.schedule()
      },
      (cause: unknown) => {
        // Whoever writes next tries again, and hears of it.
        this.settleBecause(cause)
        this.schedule()
      },
    )
  }

  /** Brings the frozen memtable into lmdb: once, however many want it. */
  private bringIn(): Promise<void> {
    this.bringing ??= this.bringFrozenIn().finally(() => (this.bringing = undefined))
    return this.bringing
  }

  private async bringFrozenIn(): Promise<void> {
    const { layers, noteGeneration, noteUnfinished, root } = this.options
    const { frozenMemtable } = layers
    if (frozenMemtable === undefined) return
    const finish = () => noteGeneration(frozenMemtable.generation)
    await checkpoint(root, frozenMemtable, { interrupt: noteUnfinished, finish })
    // Whoever reads next must see it in lmdb, since it is nowhere else.
    root.resetReadTxn()
    layers.dropFrozen()
  }

  /** Lets lmdb have everything, and then runs those at the head of the queue that are direct. */
  private async hold(): Promise<void> {
    this.isHeld = true
    try {
      await this.settle()
      this.mustSettle = false
      for (let next = this.waiting[0]; next?.kind === 'direct'; next = this.waiting[0]) {
        this.waiting.shift()
        await this.runDirect(next)
      }
    } catch (cause) {
      const failure = this.options.failure(cause)
      for (const { reject } of this.waiting.splice(0)) reject(failure)
      this.mustSettle = true
    }
    this.isHeld = false
    this.schedule()
  }

  private async settle(): Promise<void> {
    const { layers } = this.options
    await this.flushing
    // Half a job must not come into lmdb with the rest.
    if (this.group.isOpen) this.fail([this.group], this.settleCause)
    while (layers.frozenMemtable !== undefined || layers.bytes > 0) {
      if (layers.frozenMemtable === undefined) layers.freeze()
      await this.bringIn()
    }
    this.checkpointIsDue = false
  }

  private async runDirect(job: Job): Promise<void> {
    const { failure, layers, onFailure, root } = this.options
    try {
      await commit(root, () => layers.writingDirectly(job))
      root.resetReadTxn()
      job.tell()
    } catch (cause) {
      job.reject(failure(cause))
      onFailure(true)
    }
  }

  close(): void {
    clearTimeout(this.checkpointTimer)
    this.options.log?.close()
  }
}
