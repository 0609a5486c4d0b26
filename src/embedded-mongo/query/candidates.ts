import { toNumber } from '../bson/exact'
import { prefixEnd } from '../bson/key-encoding'
import type { Numeric } from '../bson/types'
import type { FilterNode } from './filter-tree'
import { fieldBounds } from './index-bounds'
import type { Condition, FieldBounds } from './index-bounds'
import type { IndexInfo } from './index-info'
import { mergedOrder, providedOrder } from './index-order'
import { bytesOf } from './intervals'
import { SCAN_RANGES_MAX } from './limits'
import type { SortField } from './sort'

/**
 * Half-open range of bytes: start ≤ key < end, over `encodeKey(values)` with whatever follows it (the _id of an entry).
 * `end` undefined: to the end of the index. For scans of `_id`: over `encodeValue(_id)`.
 */
export interface KeyRange {
  readonly start: Buffer
  readonly end: Buffer | undefined
  /** In a merge: how many bytes stand before those that order. */
  readonly prefixBytes?: number | undefined
}

export const EVERYTHING: readonly KeyRange[] = [{ start: Buffer.alloc(0), end: undefined }]

export interface Query {
  readonly nodes: readonly FilterNode[]
  readonly conditions: readonly Condition[]
  readonly sort: readonly SortField[]
}

/** An index with what a filter says of its fields. */
export interface Candidate {
  readonly index: IndexInfo
  readonly paths: readonly string[]
  readonly fields: readonly FieldBounds[]
  /** The direction that gives the sort's order, if one does. */
  readonly order: 1 | -1 | undefined
  /** The order comes of merging the ranges by what follows these many fields. */
  readonly mergeAfter: number | undefined
  readonly score: number
}

/**
 * How good a plan looks without a look at the data: a unique key in full, then more equalities, then a provided order
 * and a range. Equality with true, false or null finds too much to count for much.
 */
export const SCORE = {
  impossible: Infinity,
  unique: 100_000,
  equality: 100,
  sort: 60,
  range: 40,
  weakEquality: 20,
} as const

export const isSingle = (field: FieldBounds): boolean => field.points && field.intervals.length === 1
const isImpossible = (field: FieldBounds): boolean => field.intervals.length === 0

export function candidate(index: IndexInfo, query: Query): Candidate {
  const paths = Object.keys(index.key)
  const fields = boundedFields(index, paths, query.conditions)
  const order = query.sort.length === 0 ? undefined : providedOrder(index, paths, fields.map(isSingle), query.sort)
  const merged =
    query.sort.length === 0 || order !== undefined ? undefined : mergedOrder(index, paths, fields, query.sort)
  const direction = order ?? merged?.direction
  return {
    index,
    paths,
    fields,
    order: direction,
    mergeAfter: merged?.after,
    score: scoreOf(index, paths, fields, direction),
  }
}

function scoreOf(
  index: IndexInfo,
  paths: readonly string[],
  fields: readonly FieldBounds[],
  order: 1 | -1 | undefined,
): number {
  if (fields.some(isImpossible)) return SCORE.impossible
  let score = order === undefined ? 0 : SCORE.sort
  for (const field of fields) {
    if (field.points) score += field.weak ? SCORE.weakEquality : SCORE.equality
    else score += SCORE.range
  }
  return index.unique && fields.length === paths.length && fields.every(isSingle) ? score + SCORE.unique : score
}

/** Equalities on leading fields, then one range: what follows does not narrow a scan of bytes. */
function boundedFields(
  index: IndexInfo,
  paths: readonly string[],
  conditions: readonly Condition[],
): readonly FieldBounds[] {
  const fields: FieldBounds[] = []
  let ranges = 1
  for (const path of paths) {
    const bounds = fieldBounds(path, conditions, index, fields)
    if (bounds === undefined) break
    ranges *= Math.max(1, bounds.intervals.length)
    if (ranges > SCAN_RANGES_MAX) break
    fields.push(bounds)
    if (!bounds.points) break
  }
  return fields
}

/** The candidate's bounds as bytes, in the order in which they are scanned. */
export function rangesOf({ index, paths, fields, order, mergeAfter }: Candidate): readonly KeyRange[] {
  let ranges = EVERYTHING
  for (let i = 0; i < fields.length; i++) {
    const pieces = piecesOf(fields[i] as FieldBounds, isDescending(index, paths[i] as string))
    ranges = i === 0 ? pieces : ranges.flatMap((range) => pieces.map((piece) => within(range, piece)))
    if (i + 1 === mergeAfter) ranges = ranges.map((range) => ({ ...range, prefixBytes: range.start.length }))
  }
  return order === -1 ? ranges.toReversed() : ranges
}

function isDescending(index: IndexInfo, path: string): boolean {
  return toNumber(index.key[path] as Numeric) < 0
}

/** The intervals of one field in the order of its keys. */
function piecesOf(field: FieldBounds, descending: boolean): readonly KeyRange[] {
  const pieces: KeyRange[] = []
  for (const interval of field.intervals) {
    const piece = bytesOf(interval, descending)
    if (piece !== undefined) pieces.push(piece)
  }
  return descending ? pieces.reverse() : pieces
}

/** A range of the next field, among the keys that begin with the fields before it. */
function within({ start: prefix, prefixBytes }: KeyRange, { start, end }: KeyRange): KeyRange {
  return {
    start: Buffer.concat([prefix, start]),
    end: end === undefined ? prefixEnd(prefix) : Buffer.concat([prefix, end]),
    prefixBytes,
  }
}
