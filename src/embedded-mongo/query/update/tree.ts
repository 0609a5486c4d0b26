import { badValue, conflictingUpdate } from '../../bson/errors'
import { isArrayIndex } from '../path'
import type { ArrayFilters } from './array-filters'
import type { Modifier, Placed } from './modifier'
import { parsePath } from './path'
import type { Segment } from './path'

/**
 * All operators of an update, merged to one tree of paths: each part of a document is visited once, in the order in
 * which MongoDB makes new fields, and two operators on one place are found before anything runs.
 */
export type UpdateNode = LeafNode | FieldsNode | ElementsNode

export interface LeafNode {
  readonly kind: 'leaf'
  readonly modifier: Modifier
}

/** By name (or index, when the value is an array); `matched` stands for `$`. */
export interface FieldsNode {
  readonly kind: 'fields'
  readonly children: ReadonlyMap<string, UpdateNode>
  readonly matched: UpdateNode | undefined
}

/** By array filter; the id '' is `$[]`. */
export interface ElementsNode {
  readonly kind: 'elements'
  readonly children: ReadonlyMap<string, UpdateNode>
  /** The path of the array, for messages. */
  readonly path: string
}

/** Throws ConflictingUpdateOperators when two paths meet, and what parsePath throws. */
export function buildTree(entries: readonly Placed[], filters: ArrayFilters): FieldsNode {
  const children = new Map<string, UpdateNode>()
  let tree: UpdateNode = { kind: 'fields', children, matched: undefined }
  for (const { path, modifier } of entries) {
    const segments = parsePath(path)
    if (segments.length === 1 && !children.has(path)) children.set(path, { kind: 'leaf', modifier })
    // A copy for each of many paths would take for ever.
    else tree = mergeNodes(tree, branch(segments, 0, modifier, path, filters), path, '', keep)
  }
  return ordered(tree as FieldsNode)
}

function branch(
  segments: readonly Segment[],
  at: number,
  modifier: Modifier,
  path: string,
  filters: ArrayFilters,
): UpdateNode {
  const segment = segments[at]
  if (segment === undefined) return { kind: 'leaf', modifier }
  const child = branch(segments, at + 1, modifier, path, filters)
  switch (segment.kind) {
    case 'field':
      return { kind: 'fields', children: new Map([[segment.name, child]]), matched: undefined }
    case 'matched':
      return { kind: 'fields', children: new Map(), matched: child }
    case 'each':
      if (segment.id !== '' && !filters.use(segment.id)) {
        throw badValue(`No array filter found for identifier '${segment.id}' in path '${path}'`)
      }
      return { kind: 'elements', children: new Map([[segment.id, child]]), path: pathUpTo(path, at) }
  }
}

function pathUpTo(path: string, count: number): string {
  return path.split('.').slice(0, count).join('.')
}

type Children = ReadonlyMap<string, UpdateNode>
/** What is merged into. */
type Target = (children: Children) => Map<string, UpdateNode>

const copy: Target = (children) => new Map(children)
/** For children that nobody else has. */
const keep: Target = (children) => children as Map<string, UpdateNode>

/** `path` is what is being added and `place` where both meet, for the message. `a` stays as it is, unless it is kept. */
export function mergeNodes(
  a: UpdateNode,
  b: UpdateNode,
  path: string,
  place: string,
  target: Target = copy,
): UpdateNode {
  const mergeChildren = (into: Children, others: Children): Children => {
    const merged = target(into)
    for (const [name, child] of others) {
      const other = merged.get(name)
      const both = other === undefined ? child : mergeNodes(other, child, path, below(place, name), target)
      merged.set(name, both)
    }
    return merged
  }
  if (a.kind === 'fields' && b.kind === 'fields') {
    const matched =
      a.matched && b.matched ? mergeNodes(a.matched, b.matched, path, below(place, '$'), target) : undefined
    return {
      kind: 'fields',
      children: mergeChildren(a.children, b.children),
      matched: matched ?? a.matched ?? b.matched,
    }
  }
  if (a.kind === 'elements' && b.kind === 'elements') {
    return { kind: 'elements', children: mergeChildren(a.children, b.children), path: a.path }
  }
  throw conflictingUpdate(`Updating the path '${path}' would create a conflict at '${place}'`)
}

/** New fields come in the order of their names, whatever the order in the update. */
function ordered<T extends UpdateNode>(node: T): T {
  if (node.kind === 'leaf' || isOrdered(node)) return node
  const children = [...node.children].map(([name, child]) => [name, ordered(child)] as const)
  if (children.length > 1) children.sort(([x], [y]) => fieldOrder(x, y))
  return { ...node, children: new Map(children) }
}

/** Of leaves alone, and in their order. */
function isOrdered({ children }: FieldsNode | ElementsNode): boolean {
  let last: string | undefined
  for (const [name, child] of children) {
    if (child.kind !== 'leaf' || (last !== undefined && fieldOrder(last, name) > 0)) return false
    last = name
  }
  return true
}

function below(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

function fieldOrder(a: string, b: string): number {
  if (isArrayIndex(a) && isArrayIndex(b)) return a.length - b.length || (a < b ? -1 : 1)
  return a < b ? -1 : 1
}
