import type { Database } from 'lmdb'

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

/**
 * A sorted map of bytes to bytes: one named database of the environment. Everything that writes must run inside
 * Environment.write. What it returns is a copy and may be kept.
 */
export class Tree {
  private entries = 0

  constructor(
    readonly name: string,
    private readonly database: Database<Buffer, Buffer>,
  ) {}

  /** Entries in the tree, known without counting. */
  get count(): number {
    return this.entries
  }

  get(key: Buffer): Buffer | undefined {
    const shared = this.database.getBinaryFast(key)
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

  /** Adds an entry. The caller knows that the key is not there. */
  insert(key: Buffer, value: Buffer): void {
    this.database.putSync(key, value)
    this.entries++
  }

  /** Changes the value of an entry that is there. */
  replace(key: Buffer, value: Buffer): void {
    this.database.putSync(key, value)
  }

  /** False when there was no such entry. */
  remove(key: Buffer): boolean {
    const removed = this.database.removeSync(key)
    if (removed) this.entries--
    return removed
  }

  clear(): void {
    this.database.clearSync()
    this.entries = 0
  }

  /**
   * The entries of a range, upwards or downwards, from after the key `after` where that is given, and without the first
   * `offset` ones, which lmdb passes over by itself. Take them in one go, without waiting in between: they belong to
   * the snapshot of this turn of the event loop.
   */
  range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset = 0): Iterable<Entry> {
    if (direction === 1) {
      return this.database.getRange({
        offset,
        start: after ?? range.start,
        exclusiveStart: after !== undefined,
        ...(range.end === undefined ? {} : { end: range.end }),
      })
    }
    const start = after ?? range.end
    return this.database.getRange({
      offset,
      ...(start === undefined ? {} : { start, exclusiveStart: true }),
      end: range.start,
      inclusiveEnd: true,
      reverse: true,
    })
  }

  /** How many entries a range has; lmdb walks them without handing them out. */
  countIn(range: ByteRange): number {
    return this.database.getKeysCount({ start: range.start, ...(range.end === undefined ? {} : { end: range.end }) })
  }

  /** The same up to a bound, at a cost that the bound bounds. */
  countUpTo(range: ByteRange, max: number): number {
    const { start, end } = range
    const keys = this.database.getKeys({ start, ...(end === undefined ? {} : { end }), limit: max })
    let count = 0
    for (const key of keys) count += Number(key.length > 0)
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

  /** Bytes of the pages that the tree uses. Inside a write transaction only. */
  pageBytes(): number {
    const stats = this.database.getStats() as Record<string, number>
    const pages =
      (stats['treeBranchPageCount'] ?? 0) + (stats['treeLeafPageCount'] ?? 0) + (stats['overflowPages'] ?? 0)
    return pages * (stats['pageSize'] ?? 0)
  }
}
