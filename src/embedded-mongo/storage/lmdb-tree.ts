import type { Database, Transaction } from 'lmdb'
import type { ByteRange, Entry } from './tree'

/** How lmdb takes and gives keys and values: as they are. */
export const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/** A reader of a snapshot; undefined: of what was committed last, or of the transaction that is being written. */
export interface Reader {
  readonly transaction: Transaction
}

/** A named database of lmdb: a sorted map of bytes to bytes, on disk. What it returns is a copy and may be kept. */
export class LmdbTree {
  constructor(private readonly database: Database<Buffer, Buffer>) {}

  get(key: Buffer, reader?: Reader): Buffer | undefined {
    const shared = this.shared(key, reader)
    if (shared === undefined) return undefined
    // A copy within Node's pool is cheaper than a buffer of its own. lmdb's buffer is larger than its length says, so
    // that to copy it whole would copy too much.
    const copy = Buffer.allocUnsafe(shared.length)
    copy.set(shared.subarray(0, shared.length))
    return copy
  }

  has(key: Buffer, reader?: Reader): boolean {
    return this.shared(key, reader) !== undefined
  }

  private shared(key: Buffer, reader: Reader | undefined): Buffer | undefined {
    if (reader === undefined) return this.database.getBinaryFast(key)
    return (this.database as ReaderOfTransactions).getBinaryFast(key, reader)
  }

  /** As Tree.range. lmdb passes over the first `offset` entries by itself. */
  range(
    range: ByteRange,
    direction: 1 | -1,
    after: Buffer | undefined,
    offset: number,
    reader?: Reader,
  ): Iterable<Entry> {
    const options = { offset, ...reader }
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

  keys({ start, end }: ByteRange, limit: number, reader?: Reader): Iterable<Buffer> {
    return this.database.getKeys({ start, ...(end === undefined ? {} : { end }), limit, ...reader })
  }

  /** It walks the entries without handing them out. */
  countIn({ start, end }: ByteRange, reader?: Reader): number {
    return this.database.getKeysCount({ start, ...(end === undefined ? {} : { end }), ...reader })
  }

  /** Inside a transaction of lmdb's, as all that follows. `undefined`: removes the entry, if there is one. */
  store(key: Buffer, value: Buffer | undefined): void {
    if (value === undefined) this.database.removeSync(key)
    else this.database.putSync(key, value)
  }

  clear(): void {
    this.database.clearSync()
  }

  /** From lmdb's own books: it keeps none for a reader at rest. */
  count(): number {
    return (this.database.getStats() as { readonly entryCount: number }).entryCount
  }

  pageBytes(): number {
    const stats = this.database.getStats() as Record<string, number>
    const pages =
      (stats['treeBranchPageCount'] ?? 0) + (stats['treeLeafPageCount'] ?? 0) + (stats['overflowPages'] ?? 0)
    return pages * (stats['pageSize'] ?? 0)
  }
}

/** lmdb's own types leave out that a read by key takes a transaction too. */
interface ReaderOfTransactions {
  getBinaryFast(key: Buffer, options: Reader): Buffer | undefined
}
