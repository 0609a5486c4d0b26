import type { Collation } from '../bson/collation'
import { compareValues } from '../bson/compare'
import { getField, isDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { CommandError, badValue } from '../bson/errors'
import { toNumber } from '../bson/exact'
import { isNumeric } from '../bson/types'
import { indexKeys } from './index-keys'
import type { IsOver, Pause } from './pause'
import { sortInSlices } from './sliced-sort'

export type DocComparator = (a: Doc, b: Doc) => number

export interface SortField {
  readonly path: string
  readonly direction: 1 | -1
}

/** A sort has at most this many fields: MongoDB's bound. */
const SORT_FIELDS_MAX = 32

export function parseSort(spec: Doc): readonly SortField[] {
  const entries = Object.entries(spec)
  if (entries.length > SORT_FIELDS_MAX) throw badValue(`too many compound keys in a sort: at most ${SORT_FIELDS_MAX}`)
  return entries.map(([path, given]) => {
    const direction = isNumeric(given) ? toNumber(given) : NaN
    if (direction !== 1 && direction !== -1) throw badSort(path, given)
    if (path === '' || path.split('.').includes(''))
      throw badValue(`FieldPath field names may not be empty strings in a sort: '${path}'`)
    return { path, direction }
  })
}

function badSort(path: string, given: unknown): CommandError {
  if (isDoc(given)) return badValue(`$meta sorts are not supported by this server: ${path}`)
  if (!isNumeric(given)) return new CommandError(15974, 'Location15974', `Illegal key in $sort specification: ${path}`)
  return new CommandError(15975, 'Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
}

/**
 * A comparison of documents by a sort specification: missing counts as null; of an array the least element counts when
 * ascending, the greatest when descending, fields of one array together. Throws BadValue for a bad specification.
 */
export function compileSort(spec: Doc, collation?: Collation): DocComparator {
  const fields = parseSort(spec)
  const keyOf = sortKeyOf(spec, fields, collation)
  const keys = new WeakMap<Doc, readonly unknown[]>()
  const cached = (doc: Doc): readonly unknown[] => {
    const known = keys.get(doc)
    if (known !== undefined) return known
    const key = keyOf(doc)
    keys.set(doc, key)
    return key
  }
  return (a, b) => compareKeys(cached(a), cached(b), fields, collation)
}

function compareKeys(
  a: readonly unknown[],
  b: readonly unknown[],
  fields: readonly SortField[],
  collation: Collation | undefined,
): number {
  for (let i = 0; i < fields.length; i++) {
    const order = compareValues(a[i], b[i], collation)
    if (order !== 0) return order * (fields[i] as SortField).direction
  }
  return 0
}

function sortKeyOf(spec: Doc, fields: readonly SortField[], collation: Collation | undefined) {
  const paths = fields.map((field) => field.path.split('.'))
  return (doc: Doc): readonly unknown[] => {
    const key: unknown[] = []
    for (const path of paths) {
      const value = plainValue(doc, path)
      if (value === ARRAY) return leastRow(doc, spec, fields, collation)
      key.push(value)
    }
    return key
  }
}

const ARRAY = Symbol('an array is on the way')

function plainValue(doc: Doc, segments: readonly string[]): unknown {
  let value: unknown = doc
  for (const segment of segments) {
    if (!isDoc(value)) return Array.isArray(value) ? ARRAY : undefined
    value = getField(value, segment)
  }
  return Array.isArray(value) ? ARRAY : value
}

function leastRow(
  doc: Doc,
  spec: Doc,
  fields: readonly SortField[],
  collation: Collation | undefined,
): readonly unknown[] {
  return rowsOf(doc, spec).reduce((least, row) => (compareKeys(row, least, fields, collation) < 0 ? row : least))
}

/** What an index on the sort's fields would hold of the document. */
function rowsOf(doc: Doc, spec: Doc): readonly (readonly unknown[])[] {
  try {
    return indexKeys(doc, spec, { sparse: false }).keys
  } catch (error) {
    if (!(error instanceof CommandError) || error.codeName !== 'CannotIndexParallelArrays') throw error
    throw badValue('cannot sort with keys that are parallel arrays')
  }
}

/** Keeps the first `limit` items by the order, in memory bounded by `limit`; equal items keep their order of arrival. */
export interface TopK<T> {
  add(item: T): void
  /** The kept items, in order. */
  result(): T[]
  /** The same with pauses; see sortInSlices. */
  resultInSlices(isOver: IsOver): Generator<Pause, T[]>
}

interface Entry<T> {
  readonly item: T
  readonly arrival: number
}

export function topK<T>(limit: number, compare: (a: T, b: T) => number): TopK<T> {
  const heap: Entry<T>[] = []
  let arrivals = 0
  const order = (a: Entry<T>, b: Entry<T>): number => compare(a.item, b.item) || a.arrival - b.arrival
  return {
    add: (item) => {
      const entry = { item, arrival: arrivals++ }
      if (heap.length < limit) {
        heap.push(entry)
        siftUp(heap, order)
      } else if (limit > 0 && order(entry, heap[0] as Entry<T>) < 0) {
        heap[0] = entry
        siftDown(heap, order)
      }
    },
    result: () => heap.toSorted(order).map((entry) => entry.item),
    *resultInSlices(isOver) {
      const sorted = yield* sortInSlices(heap, order, isOver)
      return sorted.map((entry) => entry.item)
    },
  }
}

/** A heap with the greatest on top, at index 0. */
function siftUp<T>(heap: T[], order: (a: T, b: T) => number): void {
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (order(heap[at] as T, heap[parent] as T) <= 0) return
    swap(heap, at, parent)
    at = parent
  }
}

function siftDown<T>(heap: T[], order: (a: T, b: T) => number): void {
  let at = 0
  for (;;) {
    let greatest = at
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && order(heap[child] as T, heap[greatest] as T) > 0) greatest = child
    }
    if (greatest === at) return
    swap(heap, at, greatest)
    at = greatest
  }
}

function swap(heap: unknown[], a: number, b: number): void {
  const held = heap[a]
  heap[a] = heap[b]
  heap[b] = held
}
