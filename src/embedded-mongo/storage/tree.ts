import type { Database } from 'lmdb'
import { Blocked } from './blocked'
import type { Snapshot } from './snapshot'

/** Below every key: a key's first byte is the rank of a type, which is never zero. */
const FIRST_KEY = Buffer.from([0])

/** Half-open: start ≤ key < end. `end` undefined: to the end of the tree. */
export interface ByteRange {
  readonly start: Buffer
  readonly end: Buffer | undefined
}

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

export const WHOLE_TREE: ByteRange = { start: FIRST_KEY, end: undefined }

/** A sorted map of bytes to bytes. What it returns is a copy and may be kept. */
export interface Tree {
  /** Entries in the tree. */
  readonly count: number
  get(key: Buffer): Buffer | undefined
  has(key: Buffer): boolean
  /** Makes sure that an entry, there or not, may be changed. Throws Blocked, or WriteConflict within a transaction. */
  claim(key: Buffer): void
  /** Adds an entry. The caller knows that the key is not there. */
  insert(key: Buffer, value: Buffer): void
  /** Changes the value of an entry that is there. */
  replace(key: Buffer, value: Buffer): void
  /** False when there was no such entry. */
  remove(key: Buffer): boolean
  clear(): void
  /**
   * The entries of a range, upwards or downwards, from after the key `after` where that is given, and without the first
   * `offset` ones, which lmdb passes over by itself. Take them in one go, without waiting in between: they belong to
   * the snapshot of this turn of the event loop.
   */
  range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset?: number): Iterable<Entry>
  /** How many entries a range has; lmdb walks them without handing them out. */
  countIn(range: ByteRange): number
  /** The same up to a bound, at a cost that the bound bounds. */
  countUpTo(range: ByteRange, max: number): number
  isEmpty(range: ByteRange): boolean
  /** Bytes of the pages that the tree uses. Inside a write transaction only. */
  pageBytes(): number
}

/** Who locks entries: a client's transaction. */
export interface LockHolder {
  readonly ended: Promise<void>
}

/**
 * A named database of the environment. Everything that writes must run inside Environment.write. Reads see the present,
 * or what `snapshot` holds; inside Environment.write there is the present alone.
 */
export class StoredTree implements Tree {
  private entries = 0
  /** Entries that open transactions have changed, by key in latin1. */
  private readonly locks = new Map<string, LockHolder>()

  constructor(
    readonly name: string,
    private readonly database: Database<Buffer, Buffer>,
  ) {}

  /** Known without counting. */
  get count(): number {
    return this.entries
  }

  get(key: Buffer, snapshot?: Snapshot): Buffer | undefined {
    const shared =
      snapshot === undefined
        ? this.database.getBinaryFast(key)
        : (this.database as SnapshotReader).getBinaryFast(key, snapshot.readOptions)
    if (shared === undefined) return undefined
    // A copy within Node's pool is cheaper than a buffer of its own. lmdb's buffer is larger than its length says, so
    // that to copy it whole would copy too much.
    const copy = Buffer.allocUnsafe(shared.length)
    copy.set(shared.subarray(0, shared.length))
    return copy
  }

  has(key: Buffer): boolean {
    return this.database.getBinaryFast(key) !== undefined
  }

  claim(key: Buffer): void {
    if (this.locks.size === 0) return
    const holder = this.locks.get(key.toString('latin1'))
    if (holder !== undefined) throw new Blocked(holder.ended)
  }

  /** False when another has it. */
  lock(key: Buffer, holder: LockHolder): boolean {
    const name = key.toString('latin1')
    const present = this.locks.get(name)
    if (present === undefined) this.locks.set(name, holder)
    return present === undefined || present === holder
  }

  unlock(key: Buffer): void {
    this.locks.delete(key.toString('latin1'))
  }

  insert(key: Buffer, value: Buffer): void {
    this.database.putSync(key, value)
    this.entries++
  }

  replace(key: Buffer, value: Buffer): void {
    this.database.putSync(key, value)
  }

  remove(key: Buffer): boolean {
    const removed = this.database.removeSync(key)
    if (removed) this.entries--
    return removed
  }

  clear(): void {
    this.database.clearSync()
    this.entries = 0
  }

  range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset = 0, snapshot?: Snapshot): Iterable<Entry> {
    const options = { offset, ...snapshot?.readOptions }
    if (direction === 1) {
      return this.database.getRange({
        ...options,
        start: after ?? range.start,
        exclusiveStart: after !== undefined,
        ...(range.end === undefined ? {} : { end: range.end }),
      })
    }
    const start = after ?? range.end
    return this.database.getRange({
      ...options,
      ...(start === undefined ? {} : { start, exclusiveStart: true }),
      end: range.start,
      inclusiveEnd: true,
      reverse: true,
    })
  }

  countIn({ start, end }: ByteRange, snapshot?: Snapshot): number {
    return this.database.getKeysCount({ start, ...(end === undefined ? {} : { end }), ...snapshot?.readOptions })
  }

  countUpTo({ start, end }: ByteRange, max: number, snapshot?: Snapshot): number {
    const bounds = { start, ...(end === undefined ? {} : { end }), limit: max }
    let count = 0
    for (const key of this.database.getKeys({ ...bounds, ...snapshot?.readOptions })) count += Number(key.length > 0)
    return count
  }

  isEmpty(range: ByteRange): boolean {
    const [first] = this.range(range, 1)
    return first === undefined
  }

  /** Counts anew, from lmdb's own books. Inside a write transaction only: lmdb keeps none for a reader at rest. */
  recount(): void {
    const stats = this.database.getStats() as { readonly entryCount: number }
    this.entries = stats.entryCount
  }

  pageBytes(): number {
    const stats = this.database.getStats() as Record<string, number>
    const pages =
      (stats['treeBranchPageCount'] ?? 0) + (stats['treeLeafPageCount'] ?? 0) + (stats['overflowPages'] ?? 0)
    return pages * (stats['pageSize'] ?? 0)
  }
}

/** lmdb's own types leave out that a read by key takes a transaction too. */
interface SnapshotReader {
  getBinaryFast(key: Buffer, options: Snapshot['readOptions']): Buffer | undefined
}
