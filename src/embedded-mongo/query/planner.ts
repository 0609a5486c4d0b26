import type { Doc } from '../bson/doc'
import { valuesEqual } from '../bson/compare'
import { badValue } from '../bson/errors'
import { toNumber } from '../bson/exact'
import { encodeValue, prefixEnd } from '../bson/key-encoding'
import { RANK, rankOf } from '../bson/types'
import type { Numeric } from '../bson/types'
import type { Filter } from './filter'
import { conjuncts } from './filter-tree'
import type { FilterNode } from './filter-tree'
import { impliesExistence, impliesFilter } from './implication'
import { conditionsOf, fieldBounds } from './index-bounds'
import type { Condition, FieldBounds } from './index-bounds'
import type { IndexInfo } from './index-info'
import { providedOrder } from './index-order'
import { bytesOf } from './intervals'
import { SCAN_RANGES_MAX } from './limits'
import { parseSort } from './sort'
import type { SortField } from './sort'

export type { IndexInfo } from './index-info'

/**
 * Half-open range of bytes: start ≤ key < end, over `encodeKey(values)` with whatever follows it (the _id of an entry).
 * `end` undefined: to the end of the index. For scans of `_id`: over `encodeValue(_id)`.
 */
export interface KeyRange {
  readonly start: Buffer
  readonly end: Buffer | undefined
}

export interface Plan {
  readonly kind: 'COLLSCAN' | 'IDHACK' | 'IXSCAN' | 'EOF'
  /** Absent for COLLSCAN and EOF. For IDHACK `ranges` holds one range, of the one _id. */
  readonly index?: IndexInfo
  /** Disjoint, in the order in which they are scanned (already reversed when direction is -1). */
  readonly ranges: readonly KeyRange[]
  readonly direction: 1 | -1
  /** The scan's order is the sort's: no sort is needed. */
  readonly providesSort: boolean
  /** The bounds alone decide: the filter needs no recheck. */
  readonly exact: boolean
  /** One document may be met twice. */
  readonly dedupe: boolean
  /** `indexBounds` of explain: path → list of intervals as text. Made when it is read. */
  readonly boundsForExplain: Doc
}

/**
 * Chooses how to find what a filter wants. `compiled` is the filter; `sort` and `hint` are the command's. A hint is an
 * index's name or key pattern, and `{$natural: ±1}` forces a scan of the collection; an unknown one is BadValue.
 */
export function plan(
  compiled: Filter,
  sort: Doc | undefined,
  indexes: readonly IndexInfo[],
  hint?: string | Doc,
): Plan {
  const sortFields = sort === undefined ? [] : parseSort(sort)
  const nodes = conjuncts(compiled.tree)
  if (nodes.some((node) => node.op === 'constant' && !node.value)) return EOF
  const hinted = hint === undefined ? undefined : findHinted(hint, indexes)
  if (hinted === 'natural' || compiled.collation !== undefined) return collectionScan(nodes, sortFields, hint)
  if (hinted === undefined) {
    const byId = idPlan(nodes, indexes)
    if (byId !== undefined) return byId
  }
  const conditions = conditionsOf(nodes)
  const query: Query = { nodes, conditions, sort: sortFields }
  if (hinted !== undefined) return planOf(candidate(hinted, query), query)
  const candidates = indexes.map((index) => candidate(index, query))
  return best(
    candidates.filter(({ index, score }) => score > 0 && isComplete(index, nodes)),
    query,
  )
}

interface Query {
  readonly nodes: readonly FilterNode[]
  readonly conditions: readonly Condition[]
  readonly sort: readonly SortField[]
}

const EOF: Plan = {
  kind: 'EOF',
  ranges: [],
  direction: 1,
  providesSort: true,
  exact: true,
  dedupe: false,
  boundsForExplain: {},
}

function collectionScan(nodes: readonly FilterNode[], sort: readonly SortField[], hint?: string | Doc): Plan {
  const backwards = typeof hint === 'object' && valuesEqual(hint['$natural'], -1)
  return {
    kind: 'COLLSCAN',
    ranges: EVERYTHING,
    direction: backwards ? -1 : 1,
    providesSort: sort.length === 0,
    exact: nodes.length === 0,
    dedupe: false,
    boundsForExplain: {},
  }
}

function findHinted(hint: string | Doc, indexes: readonly IndexInfo[]): IndexInfo | 'natural' | undefined {
  if (typeof hint !== 'string' && Object.hasOwn(hint, '$natural')) return 'natural'
  if (typeof hint !== 'string' && Object.keys(hint).length === 0) return undefined
  const found = indexes.find((index) => (typeof hint === 'string' ? index.name === hint : valuesEqual(index.key, hint)))
  if (found === undefined)
    throw badValue(
      'error processing query: planner returned error: hint provided does not correspond to an existing index',
    )
  return found
}

/** One document by its _id, the commonest query of all: at most one result, so any sort is provided. */
function idPlan(nodes: readonly FilterNode[], indexes: readonly IndexInfo[]): Plan | undefined {
  const node = nodes.find((one) => one.op === 'eq' && one.path === '_id')
  if (node?.op !== 'eq' || rankOf(node.value) === RANK.array) return undefined
  const index = indexes.find(isIdIndex)
  if (index === undefined) return undefined
  const start = encodeValue(node.value)
  return new IndexPlan('IDHACK', index, [{ start, end: prefixEnd(start) }], 1, true, nodes.length === 1, false, () => [
    fieldBounds('_id', conditionsOf([node]), index, []),
  ])
}

/** The text of the bounds costs more than the plan: it is made when somebody looks. */
class IndexPlan implements Plan {
  constructor(
    readonly kind: 'IDHACK' | 'IXSCAN',
    readonly index: IndexInfo,
    readonly ranges: readonly KeyRange[],
    readonly direction: 1 | -1,
    readonly providesSort: boolean,
    readonly exact: boolean,
    readonly dedupe: boolean,
    private readonly fields: () => readonly (FieldBounds | undefined)[],
  ) {}

  get boundsForExplain(): Doc {
    const fields = this.fields()
    const shown = Object.keys(this.index.key).map((path, i) => {
      return [path, fields[i]?.intervals.map((interval) => interval.show()) ?? ['[MinKey, MaxKey]']]
    })
    return Object.fromEntries(shown) as Doc
  }
}

function isIdIndex(index: IndexInfo): boolean {
  const paths = Object.keys(index.key)
  return paths.length === 1 && paths[0] === '_id'
}

/** Whether the index has every document that the filter can match. */
function isComplete(index: IndexInfo, nodes: readonly FilterNode[]): boolean {
  if (index.partialFilter !== undefined && !impliesFilter(nodes, index.partialFilter)) return false
  return !index.sparse || Object.keys(index.key).some((path) => impliesExistence(nodes, path))
}

interface Candidate {
  readonly index: IndexInfo
  readonly paths: readonly string[]
  readonly fields: readonly FieldBounds[]
  /** The direction that gives the sort's order, if one does. */
  readonly order: 1 | -1 | undefined
  readonly score: number
}

/**
 * How good a plan looks without statistics: a unique key in full, then more equalities, then a provided order and a
 * range. Equality with true, false or null finds too much to count for much.
 */
const SCORE = { impossible: Infinity, unique: 100_000, equality: 100, sort: 60, range: 40, weakEquality: 20 } as const

const isSingle = (field: FieldBounds): boolean => field.points && field.intervals.length === 1
const isImpossible = (field: FieldBounds): boolean => field.intervals.length === 0

function candidate(index: IndexInfo, query: Query): Candidate {
  const paths = Object.keys(index.key)
  const fields = boundedFields(index, paths, query.conditions)
  const order = query.sort.length === 0 ? undefined : providedOrder(index, paths, fields.map(isSingle), query.sort)
  return { index, paths, fields, order, score: scoreOf(index, paths, fields, order) }
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

function planOf({ index, paths, fields, order, score }: Candidate, query: Query): Plan {
  if (score === SCORE.impossible) return EOF
  const direction = order ?? 1
  const covered = fields.flatMap((field) => field.decided)
  const exact = !index.truncatedKeys && query.nodes.every((node) => covered.includes(node))
  const dedupe = index.multikey.some((path) => {
    const field = fields[paths.indexOf(path)]
    return field === undefined || !isSingle(field)
  })
  const providesSort = query.sort.length === 0 || order !== undefined
  const ranges = rangesOf(index, paths, fields, direction)
  return new IndexPlan('IXSCAN', index, ranges, direction, providesSort, exact, dedupe, () => fields)
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

function rangesOf(
  index: IndexInfo,
  paths: readonly string[],
  fields: readonly FieldBounds[],
  direction: 1 | -1,
): readonly KeyRange[] {
  let ranges = EVERYTHING
  for (let i = 0; i < fields.length; i++) {
    const pieces = piecesOf(fields[i] as FieldBounds, isDescending(index, paths[i] as string))
    ranges = i === 0 ? pieces : ranges.flatMap(({ start }) => pieces.map((piece) => within(start, piece)))
  }
  return direction === 1 ? ranges : ranges.toReversed()
}

const EVERYTHING: readonly KeyRange[] = [{ start: Buffer.alloc(0), end: undefined }]

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
function within(prefix: Buffer, { start, end }: KeyRange): KeyRange {
  return {
    start: Buffer.concat([prefix, start]),
    end: end === undefined ? prefixEnd(prefix) : Buffer.concat([prefix, end]),
  }
}

function best(candidates: readonly Candidate[], query: Query): Plan {
  let chosen: Candidate | undefined
  for (const one of candidates) if (one.score > 0 && (chosen === undefined || isBetter(one, chosen))) chosen = one
  return chosen === undefined ? collectionScan(query.nodes, query.sort) : planOf(chosen, query)
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.score === b.score ? a.paths.length < b.paths.length : a.score > b.score
}
