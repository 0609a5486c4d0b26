import { conjuncts } from './filter-tree'
import type { FilterNode } from './filter-tree'
import { valueSet } from './aggregate/value-map'
import { OR_BRANCHES_MAX } from './limits'

/** `{$or: [{a: 1}, {a: 2}]}` is `{a: {$in: [1, 2]}}`, which one scan can answer, in order. */
export function withoutTrivialOr(node: FilterNode): FilterNode {
  if (node.op !== 'or') return node
  const [first, ...others] = node.children.map(equality)
  if (first === undefined || !others.every((other) => other?.path === first.path)) return node
  const values = [first, ...(others as Equality[])].flatMap((each) => each.values)
  const seen = valueSet()
  return { op: 'in', path: first.path, values: values.filter((value) => seen.add(value ?? null)), patterns: [] }
}

interface Equality {
  readonly path: string
  readonly values: readonly unknown[]
}

function equality(node: FilterNode): Equality | undefined {
  if (node.op === 'eq') return { path: node.path, values: [node.value] }
  return node.op === 'in' && node.patterns.length === 0 ? node : undefined
}

/** What each branch of the filter's first $or asks for, together with the rest of the filter. */
export function branchesOf(nodes: readonly FilterNode[]): readonly (readonly FilterNode[])[] {
  const or = nodes.find((node) => node.op === 'or')
  if (or?.op !== 'or' || or.children.length > OR_BRANCHES_MAX) return []
  const others = nodes.filter((node) => node !== or)
  return or.children.map((child) => [...conjuncts(child), ...others])
}
