import { getField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { spend } from '../../bson/effort'
import { badValue, CommandError, pathNotViable, showValue } from '../../bson/errors'
import { bsonType, docOf } from '../../bson/types'
import { ARRAY_PADDING_MAX } from '../limits'
import { isArrayIndex } from '../path'
import type { ArrayFilters } from './array-filters'
import type { Run } from './modifier'
import { mergeNodes } from './tree'
import type { ElementsNode, FieldsNode, LeafNode, UpdateNode } from './tree'

/** Applies the tree to a document; what does not change is shared with the old one. */
export function applyTree(tree: FieldsNode, doc: Doc, run: Run, filters: ArrayFilters): Doc {
  return applyToDoc(tree, doc, { run, filters })
}

interface Walk {
  readonly run: Run
  readonly filters: ArrayFilters
}

/** `name` is the field that holds `value`, for messages. */
function applyNode(node: UpdateNode, value: unknown, name: string, walk: Walk): unknown {
  switch (node.kind) {
    case 'leaf':
      return isActive(node, walk) ? node.modifier.apply(value, walk.run) : value
    case 'elements':
      return applyToElements(node, value, name, walk)
    case 'fields':
      return applyToFields(node, value, name, walk)
  }
}

function isActive(node: LeafNode, { run }: Walk): boolean {
  return run.isInsert || node.modifier.insertOnly !== true
}

function applyToFields(node: FieldsNode, value: unknown, name: string, walk: Walk): unknown {
  if (value === undefined) {
    const empty: Doc = {}
    const made = applyToDoc(node, empty, walk)
    return made === empty ? undefined : made
  }
  if (isDoc(value)) return applyToDoc(node, value, walk)
  if (Array.isArray(value)) return applyToArray(node, value, name, walk)
  if (bsonType(value) === 'DBRef') return applyToDoc(node, docOf(value as object), walk)
  for (const [field, child] of childrenOf(node, walk)) refuseUnlessLenient(child, field, value, name, walk)
  return value
}

function applyToDoc(node: FieldsNode, doc: Doc, walk: Walk): Doc {
  let copy: Doc | undefined
  const children = childrenOf(node, walk)
  spend(children.size)
  for (const [name, child] of children) {
    const before = getField(copy ?? doc, name)
    const after = applyNode(child, before, name, walk)
    if (after === before) continue
    copy ??= { ...doc }
    if (after === undefined) Reflect.deleteProperty(copy, name)
    else setField(copy, name, after)
  }
  return copy ?? doc
}

function applyToArray(node: FieldsNode, array: readonly unknown[], name: string, walk: Walk): readonly unknown[] {
  let copy: unknown[] | undefined
  const children = childrenOf(node, walk)
  spend(children.size)
  for (const [segment, child] of children) {
    if (!isArrayIndex(segment)) {
      refuseUnlessLenient(child, segment, array, name, walk)
      continue
    }
    const refuse = firstActiveLeaf(child, walk)?.modifier.refuseArray
    if (refuse !== undefined) throw refuse(name, walk.run.root)
    const index = Number(segment)
    const before = (copy ?? array)[index]
    const after = applyNode(child, before, segment, walk)
    if (after === before) continue
    copy ??= [...array]
    pad(copy, index)
    // An element cannot be taken away by its index: null holds its place.
    copy[index] = after === undefined ? null : after
  }
  return copy ?? array
}

function pad(array: unknown[], index: number): void {
  if (index - array.length > ARRAY_PADDING_MAX) {
    throw new CommandError(161, 'CannotBackfillArray', `can't backfill more than ${ARRAY_PADDING_MAX} elements`)
  }
  while (array.length < index) array.push(null)
}

function applyToElements(node: ElementsNode, value: unknown, name: string, walk: Walk): unknown {
  if (value === undefined) {
    throw badValue(`The path '${node.path}' must exist in the document in order to apply array updates.`)
  }
  if (!Array.isArray(value)) {
    throw badValue(`Cannot apply array updates to non-array element ${name}: ${showValue(value)}`)
  }
  const array: readonly unknown[] = value
  spend(array.length)
  const next = array.map((element, i) => {
    const child = childFor(node, element, i, walk)
    if (child === undefined) return element
    const after = applyNode(child, element, String(i), walk)
    return after === undefined ? null : after
  })
  return next.every((element, i) => element === array[i]) ? array : next
}

/** What all filters that the element matches ask of it. */
function childFor(node: ElementsNode, element: unknown, index: number, walk: Walk): UpdateNode | undefined {
  let merged: UpdateNode | undefined
  for (const [id, child] of node.children) {
    if (!walk.filters.matches(id, element)) continue
    const place = `${node.path}.${index}`
    merged = merged === undefined ? child : mergeNodes(merged, child, place, place)
  }
  return merged
}

/** The children by name, `$` among them under the index that it stands for. */
function childrenOf(node: FieldsNode, walk: Walk): ReadonlyMap<string, UpdateNode> {
  if (node.matched === undefined) return node.children
  if (walk.run.positionalIndex === undefined) {
    throw badValue('The positional operator did not find the match needed from the query.')
  }
  const index = String(walk.run.positionalIndex)
  const other = node.children.get(index)
  const child = other === undefined ? node.matched : mergeNodes(other, node.matched, index, index)
  return new Map(node.children).set(index, child)
}

/** The field cannot be made there: an error, but for operators that only take away. */
function refuseUnlessLenient(node: UpdateNode, field: string, value: unknown, name: string, walk: Walk): void {
  const leaf = firstActiveLeaf(node, walk)
  if (leaf === undefined || leaf.modifier.lenient === true) return
  throw pathNotViable(`Cannot create field '${field}' in element {${name}: ${showValue(value)}}`)
}

/** The first leaf below that is not lenient; else any; undefined when all count for new documents alone. */
function firstActiveLeaf(node: UpdateNode, walk: Walk): LeafNode | undefined {
  if (node.kind === 'leaf') return isActive(node, walk) ? node : undefined
  const below = node.kind === 'fields' && node.matched !== undefined ? [node.matched] : []
  let found: LeafNode | undefined
  for (const child of [...node.children.values(), ...below]) {
    const leaf = firstActiveLeaf(child, walk)
    if (leaf !== undefined && leaf.modifier.lenient !== true) return leaf
    found ??= leaf
  }
  return found
}
