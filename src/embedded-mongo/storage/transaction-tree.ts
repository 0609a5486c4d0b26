import { writeConflict } from '../bson/errors'
import { alone } from './memtable'
import { merge, present } from './merge'
import type { Snapshot } from './snapshot'
import { SortedMap } from './sorted-map'
import { finish, inSteps } from './steps'
import { restOf, WHOLE_TREE } from './tree'
import type { StoredTree } from './stored-tree'
import type { ByteRange, Entry, LockHolder, Tree } from './tree'

/** Whose tree it is: the transaction. */
export interface TreeOwner extends LockHolder {
  /** Throws when the transaction has ended. */
  checkOpen(): void
  /** Throws when the transaction has grown too large. */
  account(bytes: number): void
}

/** What the transaction makes of one entry. */
interface KeyChange {
  readonly key: Buffer
  /** What its snapshot holds; undefined: nothing. */
  readonly before: Buffer | undefined
  /** undefined: the entry is removed. */
  value: Buffer | undefined
}

/**
 * A tree as one transaction sees it: its snapshot, and over it what the transaction has changed, which nobody else
 * sees before it is applied.
 */
export class TransactionTree implements Tree {
  private readonly changes = new SortedMap<KeyChange>()
  /** Keys in latin1. */
  private readonly claimed = new Set<string>()
  private snapshotCount: number | undefined
  private added = 0

  constructor(
    readonly base: StoredTree,
    /** undefined: when the snapshot was taken there was no such tree. */
    private readonly snapshot: Snapshot | undefined,
    private readonly owner: TreeOwner,
  ) {}

  get isChanged(): boolean {
    return this.changes.size > 0
  }

  get count(): number {
    this.snapshotCount ??= this.snapshot === undefined ? 0 : this.base.countIn(WHOLE_TREE, this.snapshot)
    return this.snapshotCount + this.added
  }

  get(key: Buffer): Buffer | undefined {
    const change = this.changes.size === 0 ? undefined : this.changes.get(key.toString('latin1'))
    return change === undefined ? this.before(key) : change.value
  }

  has(key: Buffer): boolean {
    return this.get(key) !== undefined
  }

  private before(key: Buffer): Buffer | undefined {
    return this.snapshot === undefined ? undefined : this.base.get(key, this.snapshot)
  }

  /** Throws WriteConflict when another transaction has the entry, or has changed it since the snapshot. */
  claim(key: Buffer): void {
    const name = key.toString('latin1')
    if (this.claimed.has(name)) return
    this.owner.checkOpen()
    if (!this.base.lock(name, this.owner)) throw writeConflict()
    this.claimed.add(name)
    if (!isSame(this.base.get(key), this.before(key))) throw writeConflict()
  }

  insert(key: Buffer, value: Buffer): void {
    this.change(key, value)
    this.added++
  }

  replace(key: Buffer, value: Buffer): void {
    this.change(key, value)
  }

  remove(key: Buffer): boolean {
    if (!this.has(key)) return false
    this.change(key, undefined)
    this.added--
    return true
  }

  private change(key: Buffer, value: Buffer | undefined): void {
    this.owner.checkOpen()
    this.owner.account(key.length + (value?.length ?? 0))
    const kept = value === undefined ? undefined : alone(value)
    const name = key.toString('latin1')
    const known = this.changes.get(name)
    if (known !== undefined) known.value = kept
    else this.changes.add(name, { key: Buffer.from(key), before: this.before(key), value: kept })
  }

  readonly isOwing = false

  /** What a statement does of a transaction is done when it ends. */
  owe(work: Iterator<void>): void {
    finish(work)
  }

  clear(): void {
    throw new Error('a transaction clears no tree')
  }

  *range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset = 0): Generator<Entry> {
    let toSkip = offset
    for (const entry of this.merged(range, direction, after)) {
      if (toSkip === 0) yield entry
      else toSkip--
    }
  }

  private merged(range: ByteRange, direction: 1 | -1, after: Buffer | undefined): Iterable<Entry> {
    const base = this.snapshot === undefined ? [] : this.base.range(range, direction, after, 0, this.snapshot)
    if (this.changes.size === 0) return base
    return present(merge(base, this.changesIn(restOf(range, direction, after), direction), direction))
  }

  private *changesIn({ start, end }: ByteRange, direction: 1 | -1): Generator<KeyChange> {
    for (const [, change] of this.changes.between(start.toString('latin1'), end?.toString('latin1'), direction)) {
      yield change
    }
  }

  countIn(range: ByteRange): number {
    let count = this.snapshot === undefined ? 0 : this.base.countIn(range, this.snapshot)
    for (const { before, value } of this.changesIn(range, 1)) {
      count += Number(value !== undefined) - Number(before !== undefined)
    }
    return count
  }

  countUpTo(range: ByteRange, max: number): number {
    if (this.changes.size === 0) {
      return this.snapshot === undefined ? 0 : this.base.countUpTo(range, max, this.snapshot)
    }
    let count = 0
    for (const { key } of this.range(range, 1)) {
      count += Number(key.length > 0)
      if (count >= max) break
    }
    return count
  }

  isEmpty(range: ByteRange): boolean {
    for (const _entry of this.range(range, 1)) return false
    return true
  }

  pageBytes(): number {
    return this.base.pageBytes()
  }

  /** In steps, inside Environment.write: throws WriteConflict when an entry is not as the transaction found it. */
  verified(): Generator<void, void> {
    return inSteps(this.changes.all(), ([, { key, before }]) => {
      if (!isSame(this.base.get(key), before)) throw writeConflict()
    })
  }

  /** In steps, inside the same Environment.write, behind verified: for everyone to see. */
  applied(): Generator<void, void> {
    return inSteps(this.changes.all(), ([, { key, before, value }]) => {
      if (value === undefined) {
        if (before !== undefined) this.base.remove(key)
      } else if (before === undefined) this.base.insert(key, value)
      else this.base.replace(key, value)
    })
  }

  release(): void {
    for (const name of this.claimed) this.base.unlock(name)
    this.claimed.clear()
  }
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}
