import { badValue, type CommandError, dollarPrefixedFieldName, emptyFieldName, overflow } from '../../bson/errors'

/** MongoDB's bound on the nesting of a stored document. */
export const DOCUMENT_DEPTH_MAX = 180

export type Segment =
  | { readonly kind: 'field'; readonly name: string }
  /** `$`: the element that the filter matched. */
  | { readonly kind: 'matched' }
  /** `$[]` (id is '') and `$[id]`. */
  | { readonly kind: 'each'; readonly id: string }

const EACH = /^\$\[(.*)\]$/
/** What a field name may begin with a dollar for: references. */
const REFERENCE_NAMES = new Set(['$id', '$ref', '$db'])

/** Takes an update path apart. Throws BadValue, EmptyFieldName, DollarPrefixedFieldName or Overflow. */
export function parsePath(path: string): readonly Segment[] {
  if (path === '') throw emptyFieldName('An empty update path is not valid.')
  if (!path.startsWith('$') && !path.includes('.')) return [{ kind: 'field', name: path }]
  const names = path.split('.')
  if (names.length > DOCUMENT_DEPTH_MAX) throw overflow(`The path '${names[0]}…' is nested too deep`)
  const segments = names.map((name) => parseSegment(name, path))
  if (segments[0]?.kind !== 'field') {
    throw badValue(`Cannot have positional (i.e. '$') element in the first position in path '${path}'`)
  }
  if (segments.filter((segment) => segment.kind === 'matched').length > 1) {
    throw badValue(`Too many positional (i.e. '$') elements found in path '${path}'`)
  }
  return segments
}

function parseSegment(name: string, path: string): Segment {
  if (name === '') {
    throw emptyFieldName(`The update path '${path}' contains an empty field name, which is not allowed.`)
  }
  if (!name.startsWith('$')) return { kind: 'field', name }
  if (name === '$') return { kind: 'matched' }
  const each = EACH.exec(name)
  if (each !== null) return { kind: 'each', id: each[1] as string }
  if (REFERENCE_NAMES.has(name)) return { kind: 'field', name }
  throw dollarField(name, path)
}

export function dollarField(name: string, path: string): CommandError {
  return dollarPrefixedFieldName(
    `The dollar ($) prefixed field '${name}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
  )
}
