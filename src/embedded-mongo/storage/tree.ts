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

const NUL = Buffer.of(0)

/** The least key behind another. */
export function nextKey(key: Buffer): Buffer {
  return Buffer.concat([key, NUL])
}

/** What is left of a range, upwards or downwards, behind a key; all of it without one. */
export function restOf({ start, end }: ByteRange, direction: 1 | -1, after: Buffer | undefined): ByteRange {
  if (after === undefined) return { start, end }
  return direction === 1 ? { start: nextKey(after), end } : { start, end: after }
}

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
  /**
   * Does `work`, which changes this tree, in as many steps as it takes: with turns for readers in between where that is
   * possible, and before any other write, which sees all of it. `work` does not throw.
   */
  owe(work: Iterator<void>): void
  /** Such work is left. */
  readonly isOwing: boolean
  /** Inside Environment.writeDirectly only. */
  clear(): void
  /**
   * The entries of a range, upwards or downwards, from after the key `after` where that is given, and without the first
   * `offset` ones, which lmdb passes over by itself. Take them in one go, without waiting in between: they belong to
   * the snapshot of this turn of the event loop.
   */
  range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset?: number): Iterable<Entry>
  /** How many entries a range has; lmdb walks those that it has without handing them out. */
  countIn(range: ByteRange): number
  /** The same up to a bound, at a cost that the bound bounds. */
  countUpTo(range: ByteRange, max: number): number
  isEmpty(range: ByteRange): boolean
  /** Bytes of the pages that the tree uses. Inside Environment.inspect only. */
  pageBytes(): number
}

/** Who locks entries: a client's transaction. */
export interface LockHolder {
  readonly ended: Promise<void>
}
