import type { LmdbTree, Reader } from './lmdb-tree'
import { visible } from './memtable'
import type { Memtable, TreeChanges } from './memtable'
import { merge, present } from './merge'
import type { Change } from './merge'
import { nextKey, restOf } from './tree'
import type { ByteRange, Entry } from './tree'

/** What a reader sees of a tree: what lmdb has, under what the memtables have of the groups up to `group`. */
export interface LayeredTree {
  readonly base: LmdbTree
  /** The newest first. */
  readonly layers: readonly TreeChanges[]
  readonly group: number
  /** The memtable of which lmdb may have some already. */
  readonly frozen: Memtable | undefined
  readonly reader: Reader | undefined
}

/** As Tree.range. */
export function layeredRange(
  tree: LayeredTree,
  range: ByteRange,
  direction: 1 | -1,
  after: Buffer | undefined,
  offset: number,
): Iterable<Entry> {
  if (offset === 0) return merged(tree, range, direction, after, 0)
  const place = passOver(tree, range, direction, after, offset)
  return merged(tree, range, direction, place.after, place.offset)
}

/** `offset`: how many of lmdb's entries are passed over. No change stands among those. */
function merged(
  { base, layers, group, reader }: LayeredTree,
  range: ByteRange,
  direction: 1 | -1,
  after: Buffer | undefined,
  offset: number,
): Iterable<Entry> {
  const changes = changesIn(layers, restOf(range, direction, after), direction, group)
  return present(merge(base.range(range, direction, after, offset, reader), changes, direction))
}

/**
 * Where a reader is who has passed over `offset` entries: behind a key, and then as many of lmdb's entries as are left.
 * What stands between two changes lmdb counts by itself, and not beyond what could be passed over.
 */
function passOver(
  { base, layers, group, reader }: LayeredTree,
  range: ByteRange,
  direction: 1 | -1,
  after: Buffer | undefined,
  offset: number,
): { readonly after: Buffer | undefined; readonly offset: number } {
  const changesMax = layers.reduce((sum, { size }) => sum + size, 0)
  const [limit] = base.range(range, direction, after, offset + changesMax, reader)
  let place = { after, offset }
  for (const { key, value } of changesIn(layers, restOf(range, direction, after), direction, group)) {
    if (limit !== undefined && direction * key.compare(limit.key) > 0) break
    const before = restOf(range, direction, place.after)
    const between = direction === 1 ? { ...before, end: key } : { ...before, start: nextKey(key) }
    const stored = base.countIn(between, reader)
    if (stored >= place.offset) break
    place = { after: key, offset: place.offset - stored - Number(value !== undefined) }
  }
  return place
}

/** As Tree.countIn. */
export function layeredCount({ base, layers, group, frozen, reader }: LayeredTree, range: ByteRange): number {
  const isStored = (key: Buffer) => base.has(key, reader)
  return layers.reduce(
    (sum, layer) => sum + addedIn(layer, range, group, layer.memtable === frozen ? isStored : undefined),
    base.countIn(range, reader),
  )
}

/** What the memtables have of a range, in its order; of one key what was written last. */
function changesIn(
  layers: readonly TreeChanges[],
  { start, end }: ByteRange,
  direction: 1 | -1,
  group: number,
): Iterable<Change> {
  const [first, last] = [start.toString('latin1'), end?.toString('latin1')]
  return layers
    .map((layer) => visibleChanges(layer.between(first, last, direction), group))
    .reduceRight((older, newer) => merge(older, newer, direction))
}

function* visibleChanges(slots: ReturnType<TreeChanges['between']>, group: number): Generator<Change> {
  for (const [name, slot] of slots) {
    const version = visible(slot, group)
    if (version !== undefined) yield { key: Buffer.from(name, 'latin1'), value: version.value }
  }
}

/**
 * How many entries of a range there are more with a layer than below it. `isStored`: lmdb may have some of the layer
 * already, and is asked.
 */
function addedIn(
  layer: TreeChanges,
  { start, end }: ByteRange,
  group: number,
  isStored: ((key: Buffer) => boolean) | undefined,
): number {
  let added = 0
  for (const [name, slot] of layer.between(start.toString('latin1'), end?.toString('latin1'), 1)) {
    const version = visible(slot, group)
    if (version === undefined) continue
    const isBelow = isStored === undefined ? slot.below : isStored(Buffer.from(name, 'latin1'))
    added += Number(version.value !== undefined) - Number(isBelow)
  }
  return added
}
