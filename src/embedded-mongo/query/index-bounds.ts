import type { Collation } from '../bson/collation'
import type { FilterNode } from './filter-tree'
import { conjuncts } from './filter-tree'
import { boundsOf, intersect } from './intervals'
import type { Bounds } from './intervals'
import { isArrayIndex } from './path'
import type { IndexInfo } from './index-info'
import { CONDITIONS_MAX } from './limits'

/** A conjunct of the filter as a bound on one path. */
export interface Condition {
  readonly path: string
  readonly bounds: Bounds
  /** The conjunct of the whole filter that this is, or is a part of. */
  readonly node: FilterNode
  /** The $elemMatch that holds it: such conditions speak of one element. */
  readonly element: ElementScope | undefined
}

interface ElementScope {
  readonly path: string
  readonly on: 'documents' | 'values'
  /** No array can be between the element and the field. */
  readonly direct: boolean
  readonly node: FilterNode
}

/** What the scan knows of one field of an index. */
export interface FieldBounds extends Bounds {
  readonly path: string
  /** The conjuncts that are true of every document within these bounds. */
  readonly decided: readonly FilterNode[]
  readonly conditions: readonly Condition[]
}

/** The conditions of a filter that bound some path: all, or the first of very many. */
export function conditionsOf(nodes: readonly FilterNode[], collation?: Collation): readonly Condition[] {
  const conditions: Condition[] = []
  for (const node of nodes) {
    if (conditions.length >= CONDITIONS_MAX) break
    if (node.op === 'elemMatch') conditions.push(...elementConditions(node, collation))
    else if ('path' in node) {
      const bounds = boundsOf(node, collation)
      if (bounds !== undefined) conditions.push({ path: node.path, bounds, node, element: undefined })
    }
  }
  return conditions
}

/** `{a: {$elemMatch: {b: 1}}}` bounds a.b, and `{a: {$elemMatch: {$gt: 1}}}` bounds a. The match itself is rechecked. */
function elementConditions(node: Extract<FilterNode, { op: 'elemMatch' }>, collation?: Collation): Condition[] {
  const parts = conjuncts(node.child).slice(0, CONDITIONS_MAX)
  return parts.flatMap((part) => {
    if (!('path' in part) || part.op === 'elemMatch') return []
    const direct = !part.path.includes('.')
    const path = node.on === 'values' ? node.path : `${node.path}.${part.path}`
    const element = { path: node.path, on: node.on, direct, node }
    const bounds = boundsOf(part, collation)
    return bounds === undefined ? [] : [{ path, bounds, node, element }]
  })
}

/**
 * The bounds on one field, after those on the fields before it. Where arrays are on the way, two conditions may be
 * met by two elements: then only one of them may bound, unless one $elemMatch holds both.
 */
export function fieldBounds(
  path: string,
  conditions: readonly Condition[],
  index: IndexInfo,
  before: readonly FieldBounds[],
): FieldBounds | undefined {
  const own = conditions.filter((condition) => condition.path === path)
  if (!index.multikey.includes(path)) return own.length === 0 ? undefined : joined(path, own, false)
  if (path.split('.').some(isArrayIndex)) return undefined
  const rivals = before.filter((field) => index.multikey.includes(field.path) && sharesArray(field.path, path))
  const allowed = own.filter((condition) =>
    rivals.every((field) => field.conditions.every((other) => sameElement(other, condition))),
  )
  const first = allowed.toSorted((a, b) => rank(a) - rank(b))[0]
  if (first === undefined) return undefined
  const together =
    first.element?.on === 'values' ? allowed.filter((other) => other.element?.node === first.element?.node) : [first]
  return joined(path, together, true)
}

/** Fields whose first segment is the same may lead through the same array. */
function sharesArray(a: string, b: string): boolean {
  return a.split('.')[0] === b.split('.')[0]
}

function sameElement(a: Condition, b: Condition): boolean {
  const x = a.element
  const y = b.element
  return x !== undefined && x.node === y?.node && x.direct && y.direct && x.on === 'documents'
}

/** Fewer values first. */
function rank({ bounds }: Condition): number {
  return bounds.points ? bounds.intervals.length : Number.MAX_SAFE_INTEGER
}

function joined(path: string, conditions: readonly Condition[], throughArrays: boolean): FieldBounds {
  const [first, ...others] = conditions as readonly [Condition, ...Condition[]]
  const bounds = others.reduce((all, { bounds: next }) => intersect(all, next), first.bounds)
  const { intervals, points, exact, exactWithoutArrays, weak } = bounds
  const decided: FilterNode[] = []
  for (const { element, bounds: own, node } of conditions) {
    if (element === undefined && (throughArrays ? own.exact : own.exactWithoutArrays)) decided.push(node)
  }
  return { path, intervals, points, exact, exactWithoutArrays, weak, decided, conditions }
}
