import type { Doc } from '../../bson/doc'
import type { Environment } from '../aggregate/expression/environment'
import type { Parsed } from './parse'
import { addFields, changeAt, dropFields, keepFields } from './tree'
import type { PathTree } from './tree'
import { isLeaf } from './tree'

/** The projection without what needs a match: fields kept or dropped, then computed ones, then slices. */
export function compileParsed(parsed: Parsed): (doc: Doc, environment: Environment) => Doc {
  const { mode, computed, slices } = parsed
  const places = new Set<PathTree<boolean>>()
  const fields = mode === 'include' ? withPlaces(parsed.fields, computed, places) : parsed.fields
  return (doc, environment) => {
    let result = mode === 'include' ? keepFields(fields, doc, places) : dropFields(fields, doc)
    if (computed.size > 0) result = addFields(computed, result, environment)
    for (const { segments, change } of slices) result = changeAt(result, segments, change)
    return result
  }
}

/** Documents on the way to a computed field are kept, empty, so that it has its place in them. */
function withPlaces(
  fields: PathTree<boolean>,
  computed: PathTree<unknown>,
  places: Set<PathTree<boolean>>,
): PathTree<boolean> {
  const result: PathTree<boolean> = new Map(fields)
  for (const [name, node] of computed) {
    if (isLeaf(node)) continue
    const known = result.get(name)
    if (known !== undefined && isLeaf(known)) continue
    const below = withPlaces(known ?? new Map<string, never>(), node, places)
    places.add(below)
    result.set(name, below)
  }
  return result
}
