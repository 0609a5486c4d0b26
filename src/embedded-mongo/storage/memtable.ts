import { SortedMap } from './sorted-map'

/** What a write made of an entry. */
export interface Version {
  /** undefined: it was removed. */
  readonly value: Buffer | undefined
  /** The number of the group of writes that made it. */
  readonly group: number
  /** What it was before, for as long as somebody may want to see that. */
  older: Version | undefined
}

/** The versions of one entry, the newest first. None are left when the writes that made them have failed. */
export interface Slot {
  readonly tree: ChangedTree
  /** Was there an entry below, before there was one here? */
  readonly below: boolean
  newest: Version | undefined
}

/** A tree, as far as its changes are concerned. */
export interface ChangedTree {
  /** What the log calls it. */
  readonly id: number
  /** Its part of the memtables, the newest first. */
  layers: readonly TreeChanges[]
  /** So many entries have not been added after all. */
  forget(added: number): void
  /** Inside a transaction of lmdb's: what a memtable has of an entry. */
  store(key: Buffer, value: Buffer | undefined): void
}

/** The changed entries of one tree, by key in latin1. */
export class TreeChanges extends SortedMap<Slot> {
  constructor(readonly memtable: Memtable) {
    super()
  }
}

/** Bytes that an entry takes beside its key and value, about. */
const ENTRY_BYTES = 100

/** What has been written since a moment, and is not in lmdb yet. */
export class Memtable {
  readonly trees = new Map<ChangedTree, TreeChanges>()
  bytes = 0

  constructor(
    /** Memtables are numbered: the log keeps the records of each apart, and lmdb knows up to which one it has them. */
    readonly generation: number,
  ) {}

  account(key: string, value: Buffer | undefined): void {
    this.bytes += ENTRY_BYTES + key.length + (value?.length ?? 0)
  }
}

/** The version that a reader sees who knows of the groups up to `group`. */
export function visible(slot: Slot | undefined, group: number): Version | undefined {
  let version = slot?.newest
  while (version !== undefined && version.group > group) version = version.older
  return version
}

/** A small part of a large message must not keep all of that. */
export function alone(value: Buffer): Buffer {
  return value.buffer.byteLength > Math.max(Buffer.poolSize, 2 * value.length) ? Buffer.from(value) : value
}
