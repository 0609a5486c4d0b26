import { isDoc, readDoc, setField, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { encodeKey, prefixEnd } from '../bson/key-encoding'
import { toNumber } from '../bson/exact'
import { bsonType } from '../bson/types'
import { wholeNumber } from '../query/arithmetic'
import { fieldPath } from '../query/aggregate/expression/path'
import type { Collection } from '../storage/collection'
import type { SecondaryIndex } from '../storage/secondary-index'
import { WHOLE_TREE } from '../storage/tree'
import { FieldCut } from '../wire/raw-bson'
import type { Batch } from './batch'
import { RangeCount } from './range-count'
import type { Slice } from './slice'
import { ArraySource } from './source'
import type { FillState, Source } from './source'

/** Groups that are counted before it is known whether this is worth it: to find one costs as much as to read some. */
const SAMPLE_GROUPS = 32
const DOCUMENTS_PER_GROUP_MIN = 8

/** A $group by one field that does nothing but count, and an index that has the groups side by side. */
export interface GroupCount {
  readonly index: SecondaryIndex
  readonly path: string
  /** The fields that show the count. */
  readonly names: readonly string[]
}

/** undefined where the stage is another, or no index has every document exactly once under that field. */
export function groupCountOf(collection: Collection, stage: Doc | undefined): GroupCount | undefined {
  const spec = stage?.['$group']
  if (!isDoc(spec) || Object.keys(stage ?? {}).length !== 1) return undefined
  const { _id: id, ...outputs } = spec
  if (typeof id !== 'string' || !/^\$[^$.\0][^$\0]*$/.test(id) || !Object.values(outputs).every(isCount))
    return undefined
  const path = id.slice(1)
  const names = Object.keys(outputs)
  const index = collection.indexes.find((one) => isPlain(one) && Object.keys(one.info.key)[0] === path)
  return index === undefined || names.some((name) => /[.$]/.test(name)) ? undefined : { index, path, names }
}

/** Whether every document has exactly one entry, under its own values. A unique index has groups of one. */
function isPlain({ usable, info }: SecondaryIndex): boolean {
  const isComplete = !info.sparse && info.partialFilter === undefined
  return usable && isComplete && !info.unique && info.collation === undefined && isSimple(info)
}

function isSimple({ multikey, truncatedKeys }: SecondaryIndex['info']): boolean {
  return multikey.length === 0 && !truncatedKeys
}

interface Group {
  readonly id: unknown
  readonly end: Buffer | undefined
  readonly counter: RangeCount
}

/** `{$sum: 1}`, of an int, or `{$count: {}}`. */
function isCount(accumulator: unknown): boolean {
  const [entry, ...others] = Object.entries(isDoc(accumulator) ? accumulator : {})
  if (entry === undefined || others.length > 0) return false
  const [name, operand] = entry
  if (name === '$count') return isDoc(operand) && Object.keys(operand).length === 0
  return name === '$sum' && bsonType(operand) === 'Int32' && toNumber(operand as never) === 1
}

/**
 * Counts the entries of each group in the index, and reads one document of each for the value: an index key does not
 * tell an int from a double. Where that turns out not to be worth it, or not to be sure, it is done `otherwise`.
 */
export class GroupCountSource implements Source {
  keysExamined = 0
  docsExamined = 0
  private readonly groups: Uint8Array[] = []
  private readonly descending: readonly boolean[]
  private readonly cut: FieldCut
  private readonly read: (value: unknown) => unknown
  private start: Buffer | undefined = WHOLE_TREE.start
  private group: Group | undefined
  private results: Source | undefined

  constructor(
    private readonly collection: Collection,
    private readonly shape: GroupCount,
    private readonly otherwise: () => Source,
  ) {
    const segments = shape.path.split('.')
    this.cut = new FieldCut('include', new Set(segments.slice(0, 1)))
    this.read = fieldPath(segments)
    this.descending = [shape.index.info.key[shape.path] === -1]
  }

  get heldBytes(): number {
    return this.results?.heldBytes ?? 0
  }

  close(): void {
    this.results?.close?.()
  }

  fill(batch: Batch, slice: Slice): FillState {
    this.results ??= this.collect(slice)
    return this.results?.fill(batch, slice) ?? 'paused'
  }

  /** undefined when the slice is over. */
  private collect(slice: Slice): Source | undefined {
    do {
      if (!this.isGood()) return this.otherwise()
      const group = this.group ?? this.nextGroup()
      if (group === 'unsure') return this.otherwise()
      if (group === 'end') return new ArraySource(this.groups)
      this.group = group
      if (!group.counter.step(slice, Infinity)) return undefined
      this.finish(group)
    } while (!slice.isOver(true))
    return undefined
  }

  /** The index is still there and has each document once, and the groups are large enough. */
  private isGood(): boolean {
    const { collection, groups } = this
    const { index } = this.shape
    if (collection.dropped || !collection.indexes.includes(index) || !isPlain(index)) return false
    return groups.length !== SAMPLE_GROUPS || this.keysExamined >= SAMPLE_GROUPS * DOCUMENTS_PER_GROUP_MIN
  }

  private nextGroup(): Group | 'end' | 'unsure' {
    const { tree } = this.shape.index
    const [entry] = this.start === undefined ? [] : tree.range({ start: this.start, end: undefined }, 1)
    if (entry === undefined) return 'end'
    const raw = this.collection.get(entry.value)
    if (raw === undefined) return 'unsure'
    this.docsExamined++
    const id = this.read(readDoc(this.cut.apply(raw))) ?? null
    const start = encodeKey([id], this.descending)
    const end = prefixEnd(start)
    if (entry.key.compare(start) < 0 || (end !== undefined && entry.key.compare(end) >= 0)) return 'unsure'
    return { id, end, counter: new RangeCount(tree, [{ start, end }]) }
  }

  private finish({ id, end, counter }: Group): void {
    const doc: Doc = { _id: id }
    for (const name of this.shape.names) setField(doc, name, wholeNumber(counter.count))
    this.groups.push(writeDoc(doc))
    this.keysExamined += counter.count
    this.start = end
    this.group = undefined
  }
}
