import { getField, isDoc, setField } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { bsonType, docOf } from '../../bson/types'
import type { Environment, Evaluate } from '../aggregate/expression/environment'

/** Dotted paths, taken apart: what stands at a path, or the paths below it. */
export type PathTree<T> = Map<string, PathTree<T> | { readonly leaf: T }>

export function isLeaf<T>(node: PathTree<T> | { readonly leaf: T }): node is { readonly leaf: T } {
  return !(node instanceof Map)
}

export interface Collision {
  readonly at: string
  readonly rest: string
}

/** Adds a path; answers where it meets another one, if it does. */
export function addPath<T>(tree: PathTree<T>, path: string, leaf: T): Collision | undefined {
  const segments = path.split('.')
  let node = tree
  for (const [i, segment] of segments.entries()) {
    const known = node.get(segment)
    if (i === segments.length - 1) {
      if (known !== undefined) return { at: path, rest: '' }
      node.set(segment, { leaf })
      return undefined
    }
    if (known !== undefined && isLeaf(known)) return { at: path, rest: segments.slice(i + 1).join('.') }
    const next: PathTree<T> = known ?? new Map<string, never>()
    node.set(segment, next)
    node = next
  }
  return undefined
}

/** The fields of the tree and no others, in the document's order. Below `places` computed fields will follow. */
export function keepFields(tree: PathTree<boolean>, doc: Doc, places: Places): Doc {
  const result: Doc = {}
  for (const name of Object.keys(doc)) {
    const node = tree.get(name)
    if (node === undefined) continue
    const value = doc[name]
    const kept = isLeaf(node) ? value : keepBelow(node, value, places)
    if (kept !== undefined) setField(result, name, kept)
  }
  return result
}

/** Subtrees that have a computed field: elements of arrays that are scalars make room for it. */
export type Places = ReadonlySet<PathTree<boolean>>

/** Scalars have no fields: below a path they are gone. */
function keepBelow(tree: PathTree<boolean>, value: unknown, places: Places): unknown {
  if (isDoc(value)) return keepFields(tree, value, places)
  if (Array.isArray(value)) {
    const room = (): Doc | undefined => (places.has(tree) ? {} : undefined)
    return value
      .map((element: unknown) => keepBelow(tree, element, places) ?? room())
      .filter((element) => element !== undefined)
  }
  return bsonType(value) === 'DBRef' ? keepFields(tree, docOf(value as object), places) : undefined
}

/** All but the fields of the tree; what has none of them is shared. */
export function dropFields(tree: PathTree<boolean>, doc: Doc): Doc {
  const result: Doc = {}
  for (const [name, value] of Object.entries(doc)) {
    const node = tree.get(name)
    if (node === undefined) setField(result, name, value)
    else if (!isLeaf(node)) setField(result, name, dropBelow(node, value))
  }
  return result
}

function dropBelow(tree: PathTree<boolean>, value: unknown): unknown {
  if (isDoc(value)) return dropFields(tree, value)
  if (Array.isArray(value)) return value.map((element: unknown) => dropBelow(tree, element))
  return bsonType(value) === 'DBRef' ? dropFields(tree, docOf(value as object)) : value
}

/** `doc` with the computed fields; a value that is missing takes the field away. */
export function addFields(tree: PathTree<Evaluate>, doc: Doc, environment: Environment): Doc {
  const result: Doc = { ...doc }
  for (const [name, node] of tree) {
    const value = isLeaf(node) ? node.leaf(environment) : addBelow(node, getField(result, name), environment)
    if (value === undefined) Reflect.deleteProperty(result, name)
    else setField(result, name, value)
  }
  return result
}

/** Every element of an array gets the fields; a scalar gives way to a document. */
function addBelow(tree: PathTree<Evaluate>, value: unknown, environment: Environment): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => addBelow(tree, element, environment))
  return addFields(tree, isDoc(value) ? value : {}, environment)
}

/** Changes the value at a path in place of it, through documents and arrays; a missing value stays so. */
export function changeAt(doc: Doc, segments: readonly string[], change: (value: unknown) => unknown): Doc {
  const [name, ...rest] = segments
  if (name === undefined) return doc
  const value = getField(doc, name)
  if (value === undefined) return doc
  const result = { ...doc }
  setField(result, name, rest.length === 0 ? change(value) : changeBelow(value, rest, change))
  return result
}

function changeBelow(value: unknown, segments: readonly string[], change: (value: unknown) => unknown): unknown {
  if (isDoc(value)) return changeAt(value, segments, change)
  return Array.isArray(value) ? value.map((element: unknown) => changeBelow(element, segments, change)) : value
}
