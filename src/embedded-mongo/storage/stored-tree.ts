import { Blocked } from './blocked'
import { layeredCount, layeredRange } from './layered-range'
import type { LayeredTree } from './layered-range'
import type { LmdbTree } from './lmdb-tree'
import { visible } from './memtable'
import type { ChangedTree, Memtable, TreeChanges, Version } from './memtable'
import type { Owing } from './owed-work'
import type { Snapshot } from './snapshot'
import { finish, goOn } from './steps'
import type { ByteRange, Entry, LockHolder, Tree } from './tree'

/** Where the trees of an environment write to, and what of it readers see. */
export interface TreeWriter {
  /** The last group of writes that whoever reads now sees. */
  readonly readableGroup: number
  /** The memtable of which lmdb may have some. */
  readonly frozenMemtable: Memtable | undefined
  /** What is written goes straight to lmdb: everything is there, and a transaction of lmdb's is open. */
  readonly isDirect: boolean
  /** Somebody does. */
  readonly isWriting: boolean
  /** Lets the tree go on with what it owes, before any other write. */
  owe(tree: Owing): void
  /** `added`: how many entries there are more by it. */
  put(tree: ChangedTree, key: Buffer, value: Buffer | undefined, added: -1 | 0 | 1): void
  /** How many entries a tree has more by what has been written and whoever reads now does not see. */
  unseenIn(tree: ChangedTree): number
}

/**
 * A tree of the environment: what lmdb has of it, and over that what has been written and is not there yet. Everything
 * that writes must run inside Environment.write. Reads see the present, or what `snapshot` holds; inside
 * Environment.write there is the present alone.
 */
export class StoredTree implements Tree, ChangedTree, Owing {
  /** Its part of the memtables, the newest first. */
  layers: readonly TreeChanges[] = NO_LAYERS
  private entries = 0
  private owed: Iterator<void> | undefined
  /** Entries that open transactions have changed, by key in latin1. */
  private readonly locks = new Map<string, LockHolder>()

  constructor(
    /** What the log calls it. */
    readonly id: number,
    private readonly base: LmdbTree,
    private readonly writer: TreeWriter,
  ) {}

  /** Known without counting. */
  get count(): number {
    return this.entries - this.writer.unseenIn(this)
  }

  get isOwing(): boolean {
    return this.owed !== undefined
  }

  owe(work: Iterator<void>): void {
    this.settle()
    if (this.writer.isDirect) {
      finish(work)
      return
    }
    this.owed = work
    this.pay()
    if (this.isOwing) this.writer.owe(this)
  }

  pay(): void {
    const { owed } = this
    // What it does finds nothing owed.
    this.owed = undefined
    if (owed !== undefined && !goOn(owed)) this.owed = owed
  }

  forgive(): void {
    this.owed = undefined
  }

  /** Whoever writes sees what was written before. */
  private settle(): void {
    if (this.owed !== undefined && this.writer.isWriting) while (this.isOwing) this.pay()
  }

  get(key: Buffer, snapshot?: Snapshot): Buffer | undefined {
    this.settle()
    const version = this.changeOf(key, snapshot)
    return version === undefined ? this.base.get(key, snapshot?.reader) : version.value
  }

  has(key: Buffer): boolean {
    this.settle()
    const version = this.changeOf(key)
    return version === undefined ? this.base.has(key) : version.value !== undefined
  }

  private changeOf(key: Buffer, snapshot?: Snapshot): Version | undefined {
    const layers = snapshot === undefined ? this.layers : snapshot.layersOf(this)
    if (layers.length === 0) return undefined
    const name = key.toString('latin1')
    const group = snapshot?.group ?? this.writer.readableGroup
    for (const layer of layers) {
      const version = visible(layer.get(name), group)
      if (version !== undefined) return version
    }
    return undefined
  }

  claim(key: Buffer): void {
    if (this.locks.size === 0) return
    const holder = this.locks.get(key.toString('latin1'))
    if (holder !== undefined) throw new Blocked(holder.ended)
  }

  /** An entry by its key in latin1. False when another has it. */
  lock(name: string, holder: LockHolder): boolean {
    const known = this.locks.get(name)
    if (known === undefined) this.locks.set(name, holder)
    return known === undefined || known === holder
  }

  unlock(name: string): void {
    this.locks.delete(name)
  }

  insert(key: Buffer, value: Buffer): void {
    this.put(key, value, 1)
  }

  replace(key: Buffer, value: Buffer): void {
    this.put(key, value, 0)
  }

  remove(key: Buffer): boolean {
    if (!this.has(key)) return false
    this.put(key, undefined, -1)
    return true
  }

  private put(key: Buffer, value: Buffer | undefined, added: -1 | 0 | 1): void {
    this.settle()
    if (this.writer.isDirect) this.base.store(key, value)
    else this.writer.put(this, key, value, added)
    this.entries += added
  }

  /** Inside a transaction of lmdb's: what a memtable has of an entry. It is counted already. */
  store(key: Buffer, value: Buffer | undefined): void {
    this.base.store(key, value)
  }

  /** So many entries have not been added after all. */
  forget(added: number): void {
    this.entries -= added
  }

  clear(): void {
    if (!this.writer.isDirect) throw new Error('a tree is cleared within a transaction of lmdb only')
    this.base.clear()
    this.entries = 0
  }

  /** As whoever reads now, or the snapshot, sees it. */
  private seen(snapshot: Snapshot | undefined): LayeredTree {
    this.settle()
    return {
      base: this.base,
      layers: snapshot === undefined ? this.layers : snapshot.layersOf(this),
      group: snapshot?.group ?? this.writer.readableGroup,
      frozen: (snapshot ?? this.writer).frozenMemtable,
      reader: snapshot?.reader,
    }
  }

  range(range: ByteRange, direction: 1 | -1, after?: Buffer, offset = 0, snapshot?: Snapshot): Iterable<Entry> {
    const tree = this.seen(snapshot)
    if (tree.layers.length === 0) return this.base.range(range, direction, after, offset, tree.reader)
    return layeredRange(tree, range, direction, after, offset)
  }

  countIn(range: ByteRange, snapshot?: Snapshot): number {
    return layeredCount(this.seen(snapshot), range)
  }

  countUpTo(range: ByteRange, max: number, snapshot?: Snapshot): number {
    let count = 0
    for (const key of this.keys(range, max, snapshot)) {
      count += Number(key.length > 0)
      if (count >= max) break
    }
    return count
  }

  private *keys(range: ByteRange, limit: number, snapshot: Snapshot | undefined): Generator<Buffer> {
    const { layers, reader } = this.seen(snapshot)
    if (layers.length === 0) yield* this.base.keys(range, limit, reader)
    else for (const { key } of this.range(range, 1, undefined, 0, snapshot)) yield key
  }

  isEmpty(range: ByteRange): boolean {
    const [first] = this.range(range, 1)
    return first === undefined
  }

  /** Counts anew, where nothing lies over lmdb. Inside a transaction of lmdb's only. */
  recount(): void {
    this.entries = this.base.count()
  }

  pageBytes(): number {
    return this.base.pageBytes()
  }
}

const NO_LAYERS: readonly TreeChanges[] = []
