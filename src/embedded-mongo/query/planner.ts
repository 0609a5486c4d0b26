import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { valuesEqual } from '../bson/compare'
import { badValue } from '../bson/errors'
import { encodeValue, prefixEnd } from '../bson/key-encoding'
import { RANK, rankOf } from '../bson/types'
import { candidate, EVERYTHING, isSingle, rangesOf, SCORE } from './candidates'
import type { Candidate, KeyRange, Query } from './candidates'
import type { Filter } from './filter'
import { conjuncts } from './filter-tree'
import type { FilterNode } from './filter-tree'
import { impliesExistence, impliesFilter } from './implication'
import { conditionsOf, fieldBounds } from './index-bounds'
import type { FieldBounds } from './index-bounds'
import type { IndexInfo } from './index-info'
import { branchesOf, withoutTrivialOr } from './or-plan'
import { choose } from './selectivity'
import type { CountEntries } from './selectivity'
import { mayHoldText } from './intervals'
import { parseSort } from './sort'
import type { SortField } from './sort'

export type { KeyRange } from './candidates'
export type { IndexInfo } from './index-info'

export interface Plan {
  readonly kind: 'COLLSCAN' | 'IDHACK' | 'IXSCAN' | 'OR' | 'EOF'
  /** Absent for COLLSCAN, OR and EOF. For IDHACK `ranges` holds one range, of the one _id. */
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
  /** The ranges are scanned side by side and merged, by what follows their `prefixBytes`. */
  readonly merges: boolean
  /** Of an OR: plans of which each finds what one branch wants; none is an OR itself. */
  readonly branches?: readonly Plan[]
  /** For explain: what was not chosen. */
  readonly rejected: readonly Plan[]
  /** `indexBounds` of explain: path → list of intervals as text. Made when it is read. */
  readonly boundsForExplain: Doc
}

/**
 * Chooses how to find what a filter wants. `compiled` is the filter; `sort` and `hint` are the command's. A hint is an
 * index's name or key pattern, and `{$natural: ±1}` forces a scan of the collection; an unknown one is BadValue. `count`
 * says how much an index would read; without it the choice depends on the query alone.
 */
export function plan(
  compiled: Filter,
  sort: Doc | undefined,
  indexes: readonly IndexInfo[],
  hint?: string | Doc,
  count?: CountEntries,
): Plan {
  const sortFields = sort === undefined ? [] : parseSort(sort)
  const nodes = conjuncts(compiled.tree)
  const hinted = hint === undefined ? undefined : findHinted(hint, indexes)
  if (nodes.some((node) => node.op === 'constant' && !node.value)) return EOF
  if (hinted === 'natural') return collectionScan(nodes, sortFields, hint)
  const byId = hinted === undefined ? idPlan(nodes, indexes, compiled.collation) : undefined
  if (byId !== undefined) return byId
  const usable = indexes.filter((index) => index.collation?.signature === compiled.collation?.signature)
  if (hinted === undefined) {
    return planNodes(nodes.map(withoutTrivialOr), sortFields, { usable, collation: compiled.collation, count })
  }
  if (!usable.includes(hinted)) return collectionScan(nodes, sortFields)
  const query: Query = { nodes, conditions: conditionsOf(nodes, compiled.collation), sort: sortFields }
  return planOf(candidate(hinted, query), query)
}

/** What does not change from branch to branch. */
interface Around {
  readonly usable: readonly IndexInfo[]
  readonly collation: Collation | undefined
  readonly count: CountEntries | undefined
}

function planNodes(nodes: readonly FilterNode[], sort: readonly SortField[], around: Around): Plan {
  const query: Query = { nodes, conditions: conditionsOf(nodes, around.collation), sort }
  const candidatesOf = (): Candidate[] =>
    around.usable
      .map((index) => candidate(index, query))
      .filter(({ index, score }) => score > 0 && isComplete(index, nodes))
  const decided = byUniqueKey(query, around.usable)
  if (decided !== undefined) return planOf(decided, query, candidatesOf)
  const candidates = candidatesOf()
  const chosen = choose(candidates, sort.length > 0, around.count)
  if (chosen !== undefined && (chosen.fields.length > 0 || sort.length > 0))
    return planOf(chosen, query, () => candidates)
  return orPlan(query, around) ?? collectionScan(nodes, sort)
}

/** One whole key of a unique index, which nothing can beat: the other indexes need no look. */
function byUniqueKey(query: Query, usable: readonly IndexInfo[]): Candidate | undefined {
  for (const index of usable) {
    if (!index.unique || !query.conditions.some(({ path }) => Object.hasOwn(index.key, path))) continue
    const one = candidate(index, query)
    if (one.score >= SCORE.unique && isComplete(index, query.nodes)) return one
  }
  return undefined
}

const EOF: Plan = {
  kind: 'EOF',
  ranges: [],
  direction: 1,
  providesSort: true,
  exact: true,
  dedupe: false,
  merges: false,
  rejected: [],
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
    merges: false,
    rejected: [],
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
function idPlan(
  nodes: readonly FilterNode[],
  indexes: readonly IndexInfo[],
  collation: Collation | undefined,
): Plan | undefined {
  const node = nodes.find((one) => one.op === 'eq' && one.path === '_id')
  if (node?.op !== 'eq' || rankOf(node.value) === RANK.array) return undefined
  if (collation !== undefined && mayHoldText(node.value)) return undefined
  const index = indexes.find(isIdIndex)
  if (index === undefined) return undefined
  const start = encodeValue(node.value)
  return new IndexPlan({
    kind: 'IDHACK',
    index,
    ranges: [{ start, end: prefixEnd(start) }],
    direction: 1,
    providesSort: true,
    exact: nodes.length === 1,
    dedupe: false,
    merges: false,
    fields: () => [fieldBounds('_id', conditionsOf([node]), index, [])],
    others: () => [],
  })
}

interface IndexPlanParts extends Omit<Plan, 'boundsForExplain' | 'rejected' | 'branches'> {
  readonly index: IndexInfo
  readonly fields: () => readonly (FieldBounds | undefined)[]
  readonly others: () => readonly Plan[]
}

/** What explain tells costs more than the plan: it is made when somebody looks. */
class IndexPlan implements Plan {
  readonly kind: Plan['kind']
  readonly index: IndexInfo
  readonly ranges: readonly KeyRange[]
  readonly direction: 1 | -1
  readonly providesSort: boolean
  readonly exact: boolean
  readonly dedupe: boolean
  readonly merges: boolean
  private readonly fields: IndexPlanParts['fields']
  private readonly others: IndexPlanParts['others']

  constructor(parts: IndexPlanParts) {
    this.kind = parts.kind
    this.index = parts.index
    this.ranges = parts.ranges
    this.direction = parts.direction
    this.providesSort = parts.providesSort
    this.exact = parts.exact
    this.dedupe = parts.dedupe
    this.merges = parts.merges
    this.fields = parts.fields
    this.others = parts.others
  }

  get rejected(): readonly Plan[] {
    return this.others()
  }

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

function planOf(chosen: Candidate, query: Query, others: () => readonly Candidate[] = () => []): Plan {
  const { index, paths, fields, order, score } = chosen
  if (score === SCORE.impossible) return EOF
  const dedupe = index.multikey.some((path) => {
    const field = fields[paths.indexOf(path)]
    return field === undefined || !isSingle(field)
  })
  return new IndexPlan({
    kind: 'IXSCAN',
    index,
    ranges: rangesOf(chosen),
    direction: order ?? 1,
    providesSort: query.sort.length === 0 || order !== undefined,
    exact: !index.truncatedKeys && areDecided(query.nodes, fields),
    dedupe,
    merges: chosen.mergeAfter !== undefined,
    fields: () => fields,
    others: () =>
      others()
        .filter((other) => other.index !== index)
        .map((other) => planOf(other, query)),
  })
}

/** Whether the bounds alone say that every one of the conjuncts is true. */
function areDecided(nodes: readonly FilterNode[], fields: readonly FieldBounds[]): boolean {
  const [first] = nodes
  if (nodes.length === 1 && first !== undefined) return fields.some(({ decided }) => decided.includes(first))
  const covered = new Set(fields.flatMap((field) => field.decided))
  return nodes.every((node) => covered.has(node))
}

/** Every branch of an $or by an index of its own; undefined where one of them has none. */
function orPlan(query: Query, around: Around): Plan | undefined {
  const branches = branchesOf(query.nodes).map((nodes) => planNodes(nodes, [], around))
  if (branches.length === 0 || branches.some(({ kind }) => kind === 'COLLSCAN')) return undefined
  return {
    ...EOF,
    kind: 'OR',
    branches: branches.flatMap((branch) => branch.branches ?? (branch.kind === 'EOF' ? [] : [branch])),
    providesSort: query.sort.length === 0,
    exact: branches.every(({ exact }) => exact),
    dedupe: true,
  }
}
