import { getField } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { isNumeric } from '../bson/types'
import { located } from './aggregate/expression/arguments'
import { fieldsOfProjection } from './aggregate/fields-read'
import { isTruthy } from './aggregate/expression/environment'
import { compileParsed } from './projection/compile'
import { parseProjection } from './projection/parse'
import { changeAt } from './projection/tree'

export interface Projection {
  /** The projected document. `arrayIndex` is MatchTrace.arrayIndex, needed when `needsPosition`. */
  apply(doc: Doc, arrayIndex?: number): Doc
  /** The top-level fields that it looks at; undefined: it may look at any. */
  readonly fields: ReadonlySet<string> | undefined
  /** True for `{'a.$': 1}`: the match must be traced. */
  readonly needsPosition: boolean
}

/**
 * Compiles the projection of a find: inclusion, exclusion, `$slice`, `$elemMatch`, `a.$` and computed fields, which may
 * name the command's `variables`. Throws CommandError. https://www.mongodb.com/docs/manual/reference/method/db.collection.find/#projection
 */
export function compileProjection(spec: Doc, variables: Doc = {}): Projection {
  const parsed = parseProjection(spec, 'find')
  const project = compileParsed(parsed)
  const plain = (doc: Doc): Doc => project(doc, { root: doc, variables, now: new Date() })
  const { positional } = parsed
  const fields = fieldsOfProjection(spec, parsed)
  if (positional === undefined) return { apply: plain, needsPosition: false, fields }
  const segments = positional.split('.')
  return {
    needsPosition: true,
    fields,
    apply: (doc, arrayIndex) => changeAt(plain(doc), segments, (value) => elementAt(value, arrayIndex)),
  }
}

function elementAt(value: unknown, index: number | undefined): unknown {
  if (!Array.isArray(value)) return value
  if (index === undefined || index >= value.length) {
    throw located(
      51246,
      "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
    )
  }
  return [value[index]]
}

/** Top-level fields alone, so that raw BSON can be cut; undefined when the projection needs more than that. */
export interface RawProjection {
  readonly mode: 'include' | 'exclude'
  readonly fields: ReadonlySet<string>
}

/** In an inclusion `_id` is among the fields unless it is excluded. */
export function rawTopLevel(spec: Doc): RawProjection | undefined {
  const entries = Object.entries(spec)
  if (entries.length === 0) return undefined
  const others = new Map<string, boolean>()
  for (const [name, value] of entries) {
    if (!isNumeric(value) && typeof value !== 'boolean') return undefined
    if (name === '' || name.includes('.') || name.includes('$')) return undefined
    if (name !== '_id') others.set(name, isTruthy(value))
  }
  const keepsId = getField(spec, '_id')
  const modes = new Set(others.values())
  // Inclusion and exclusion do not mix: compileProjection says so to the client.
  if (modes.size > 1) return undefined
  const include = modes.has(true) || (modes.size === 0 && isTruthy(keepsId))
  // The _id is kept unless it is said otherwise.
  const namesId = include === (keepsId === undefined || isTruthy(keepsId))
  return { mode: include ? 'include' : 'exclude', fields: new Set([...(namesId ? ['_id'] : []), ...others.keys()]) }
}
