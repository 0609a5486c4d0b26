import { alone, Memtable, TreeChanges } from './memtable'
import type { ChangedTree, Slot, Version } from './memtable'

/** What a reader of one moment sees over what lmdb has. */
export interface View {
  readonly active: Memtable
  /** Below it: lmdb may have some of this one. */
  readonly frozen: Memtable | undefined
  /** The last group of writes that it sees. */
  readonly group: number
}

interface Runnable {
  /** Never throws. */
  run(): void
}

/**
 * What lies over lmdb: the memtable that is written to, and below it the one that is on its way into lmdb. Readers see
 * what is on disk, in the log or in lmdb; whoever writes sees everything that was written before.
 */
export class Layers {
  private active: Memtable
  private frozen: Memtable | undefined
  private durableGroup = 0
  private writes = false
  private direct = false
  /** How many views there are of each group, the oldest first. */
  private readonly views = new Map<number, number>()

  constructor(generation: number) {
    this.active = new Memtable(generation)
  }

  get generation(): number {
    return this.active.generation
  }

  get bytes(): number {
    return this.active.bytes
  }

  get frozenMemtable(): Memtable | undefined {
    return this.frozen
  }

  /** The last group that whoever reads now sees. */
  get readableGroup(): number {
    return this.writes ? Infinity : this.durableGroup
  }

  /** Somebody writes. */
  get isWriting(): boolean {
    return this.writes
  }

  /** What it reads is what was written last. */
  writing(job: Runnable): void {
    this.writes = true
    job.run()
    this.writes = false
  }

  /** Inside a transaction of lmdb's, and it has everything: what is written goes there. */
  get isDirect(): boolean {
    return this.direct
  }

  writingDirectly(job: Runnable): void {
    this.direct = true
    job.run()
    this.direct = false
  }

  /** `isNew`: there was no such entry. Returns its slot, for undo. */
  put(tree: ChangedTree, key: string, value: Buffer | undefined, isNew: boolean, group: number): Slot {
    const changes = this.changesOf(tree)
    let slot = changes.get(key)
    if (slot === undefined) changes.add(key, (slot = { tree, below: !isNew, newest: undefined }))
    const before = slot.newest
    const older = before?.group === group ? before.older : before && this.kept(before)
    slot.newest = { value: value && alone(value), group, older }
    this.active.account(key, value)
    return slot
  }

  private changesOf(tree: ChangedTree): TreeChanges {
    const [top] = tree.layers
    if (top?.memtable === this.active) return top
    const changes = new TreeChanges(this.active)
    this.active.trees.set(tree, changes)
    tree.layers = [changes, ...tree.layers]
    return changes
  }

  /** Without the versions that no reader can see any more. */
  private kept(newest: Version): Version {
    const [oldestView = Infinity] = this.views.keys()
    const floor = Math.min(this.durableGroup, oldestView)
    let version: Version | undefined = newest
    while (version !== undefined && version.group > floor) version = version.older
    if (version !== undefined) version.older = undefined
    return newest
  }

  /** The group, and all before it, are on disk. */
  setDurable(group: number): void {
    this.durableGroup = group
  }

  /** Takes back what groups have written that are not on disk. */
  undo(touched: Iterable<Slot>): void {
    for (const slot of touched) {
      const wasThere = isThere(slot)
      while (slot.newest !== undefined && slot.newest.group > this.durableGroup) slot.newest = slot.newest.older
      slot.tree.forget(Number(wasThere) - Number(isThere(slot)))
    }
  }

  /** What follows goes into a new memtable. There is none on its way into lmdb. */
  freeze(): void {
    this.frozen = this.active
    this.active = new Memtable(this.frozen.generation + 1)
  }

  /** It is in lmdb, and readers look there. */
  dropFrozen(): void {
    const { frozen } = this
    if (frozen === undefined) return
    for (const tree of frozen.trees.keys()) tree.layers = tree.layers.filter(({ memtable }) => memtable !== frozen)
    this.frozen = undefined
  }

  openView(): View {
    const group = this.durableGroup
    this.views.set(group, (this.views.get(group) ?? 0) + 1)
    return { active: this.active, frozen: this.frozen, group }
  }

  closeView({ group }: View): void {
    const left = (this.views.get(group) ?? 0) - 1
    if (left > 0) this.views.set(group, left)
    else this.views.delete(group)
  }
}

function isThere({ below, newest }: Slot): boolean {
  return newest === undefined ? below : newest.value !== undefined
}
