import type { Doc } from '../bson/doc'
import { compareValues, valuesEqual } from '../bson/compare'
import { rankOf, typeName } from '../bson/types'
import { parseFilter } from './filter-parse'
import { conjuncts } from './filter-tree'
import type { FilterNode, PathNode } from './filter-tree'

/** Whether a document that fulfils one of these conditions surely has the field (so that a sparse index has it). */
export function impliesExistence(conditions: readonly FilterNode[], path: string): boolean {
  return conditions.some((node) => isPathNode(node) && node.path === path && presenceImplied(node))
}

function isPathNode(node: FilterNode): node is PathNode {
  return 'path' in node
}

const isNullish = (value: unknown): boolean => value === null || value === undefined

function presenceImplied(node: PathNode): boolean {
  switch (node.op) {
    case 'eq':
    case 'gte':
    case 'lte':
    case 'gt':
    case 'lt':
      return !isNullish(node.value) && typeName(node.value) !== 'minKey' && typeName(node.value) !== 'maxKey'
    case 'in':
      return !node.values.some(isNullish)
    default:
      return true
  }
}

/** The filters of partial indexes, taken apart once: they are as long-lived as their indexes. */
const parsed = new WeakMap<Doc, readonly FilterNode[]>()

function conjunctsOf(partialFilter: Doc): readonly FilterNode[] {
  const known = parsed.get(partialFilter)
  if (known !== undefined) return known
  const made = conjuncts(parseFilter(partialFilter))
  parsed.set(partialFilter, made)
  return made
}

/** Whether every document that fulfils the conditions fulfils the filter of a partial index. Errs towards no. */
export function impliesFilter(conditions: readonly FilterNode[], partialFilter: Doc): boolean {
  return conjunctsOf(partialFilter).every((wanted) => conditions.some((node) => implies(node, wanted)))
}

function implies(given: FilterNode, wanted: FilterNode): boolean {
  if (!isPathNode(given) || !isPathNode(wanted) || given.path !== wanted.path) return false
  switch (wanted.op) {
    case 'exists':
      return presenceImplied(given)
    case 'type':
      return typeImplied(given, wanted.types)
    case 'eq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return comparisonImplied(given, wanted)
    case 'in':
      return valuesOf(given)?.every((value) => wanted.values.some((other) => valuesEqual(value, other))) ?? false
    default:
      return false
  }
}

/** The values of which the field has one, where the condition says so. */
function valuesOf(node: PathNode): readonly unknown[] | undefined {
  if (node.op === 'eq') return [node.value]
  return node.op === 'in' && node.patterns.length === 0 ? node.values : undefined
}

/** Types that a comparison cannot tell from another: numbers compare across theirs. */
const NUMBERS = ['int', 'long', 'double', 'decimal']

function typeImplied(given: PathNode, types: ReadonlySet<string>): boolean {
  if (given.op === 'type') return [...given.types].every((type) => types.has(type))
  if (given.op === 'gt' || given.op === 'gte' || given.op === 'lt' || given.op === 'lte')
    return hasType(given.value, types)
  return valuesOf(given)?.every((value) => hasType(value, types)) ?? false
}

function hasType(value: unknown, types: ReadonlySet<string>): boolean {
  const type = typeName(value)
  if (type === 'null' || type === 'missing' || type === 'array' || type === 'minKey' || type === 'maxKey') return false
  return NUMBERS.includes(type) ? NUMBERS.every((number) => types.has(number)) : types.has(type)
}

type Comparison = Extract<PathNode, { readonly value: unknown }>

function comparisonImplied(given: PathNode, wanted: Comparison): boolean {
  const values = valuesOf(given)
  if (values !== undefined) return values.every((value) => fulfils(value, wanted))
  if (!('value' in given) || rankOf(given.value) !== rankOf(wanted.value)) return false
  const order = compareValues(given.value, wanted.value)
  const strict = given.op === wanted.op || given.op === 'gt' || given.op === 'lt'
  const sameSide = given.op.slice(0, 2) === wanted.op.slice(0, 2) && wanted.op !== 'eq'
  return sameSide && (order === 0 ? strict || wanted.op.length === 3 : given.op.startsWith('g') ? order > 0 : order < 0)
}

function fulfils(value: unknown, { op, value: bound }: Comparison): boolean {
  if (Array.isArray(value) || isNullish(value) || rankOf(value) !== rankOf(bound))
    return op === 'eq' && isNullish(value) && isNullish(bound)
  const order = compareValues(value, bound)
  if (order === 0) return op === 'eq' || op.length === 3
  return op.startsWith('g') ? order > 0 : op.startsWith('l') && order < 0
}
