/**
 * What a list is filtered by, apart from any store: query parameters, the search and the SCIM expression all become
 * this tree, and each DAO makes of it what its store understands.
 */
export type Filter = Conjunction | Negation | Presence | Comparison

export interface Conjunction {
  readonly kind: 'and' | 'or'
  readonly parts: readonly Filter[]
}

export interface Negation {
  readonly kind: 'not'
  readonly part: Filter
}

export interface Presence {
  readonly kind: 'present'
  readonly field: string
}

export interface Comparison {
  readonly kind: 'compare'
  readonly field: string
  readonly operator: Operator
  readonly value: FilterValue
}

export const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const
export type Operator = (typeof OPERATORS)[number]
export type FilterValue = string | number | boolean | null | Date

/**
 * What a field holds. `text` compares without regard to case, `instant` is a point in time, `set` holds words that are
 * compared one by one, `free` is the caller's own data: it compares exactly, and within the type of the value.
 */
export type FieldKind = 'text' | 'number' | 'boolean' | 'instant' | 'id' | 'set' | 'free'

/** The allow-list of a resource: field name → kind. A name that ends with `.*` stands for everything below it. */
export type FieldTable = Readonly<Record<string, FieldKind>>

export function compare(field: string, operator: Operator, value: FilterValue): Comparison {
  return { kind: 'compare', field, operator, value }
}

/** All of the parts; undefined parts do not count, and of none at all there is no filter. */
export function allOf(parts: readonly (Filter | undefined)[]): Filter | undefined {
  return joined('and', parts)
}

export function anyOf(parts: readonly (Filter | undefined)[]): Filter | undefined {
  return joined('or', parts)
}

function joined(kind: 'and' | 'or', parts: readonly (Filter | undefined)[]): Filter | undefined {
  const given = parts.filter((part) => part !== undefined)
  return given.length > 1 ? { kind, parts: given } : given[0]
}

/** The kind of a field, and undefined where the table does not know it. */
export function kindOf(fields: FieldTable, field: string): FieldKind | undefined {
  if (Object.hasOwn(fields, field)) return fields[field]
  const dot = field.indexOf('.')
  const family = dot > 0 ? `${field.slice(0, dot)}.*` : undefined
  return family !== undefined && Object.hasOwn(fields, family) ? fields[family] : undefined
}
