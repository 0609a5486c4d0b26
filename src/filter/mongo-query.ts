import { type Comparison, type Filter, type FilterValue, type Operator } from './filter'
import { idDescends, type Position, type Sort } from './sort'

export type MongoFilter = Record<string, unknown>

/** How a field is stored. */
export interface MongoField {
  /** Dotted path in the document. */
  readonly path: string
  /** Stored lower-cased: what is asked for is lower-cased as well. */
  readonly lowerCased?: boolean
  /** What is stored in place of null, below every value that the field can have. */
  readonly absent?: '' | 0
  /** Where the form of the query is the field's own. */
  readonly query?: (operator: Operator | 'pr', value: FilterValue) => MongoFilter
}

/** Field name → how it is stored; undefined for a name that the resource does not filter by. */
export type MongoFields = (field: string) => MongoField | undefined

const NOTHING: MongoFilter = { _id: { $in: [] } }

/** A filter that was checked against the resource's allow-list, as MongoDB asks it. */
export function toMongo(filter: Filter, fields: MongoFields): MongoFilter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { [`$${filter.kind}`]: filter.parts.map((part) => toMongo(part, fields)) }
    case 'not':
      return { $nor: [toMongo(filter.part, fields)] }
    case 'present':
      return present(fieldNamed(fields, filter.field))
    case 'compare':
      return comparison(filter, fieldNamed(fields, filter.field))
  }
}

function fieldNamed(fields: MongoFields, name: string): MongoField {
  const field = fields(name)
  if (!field) throw new Error(`No way to filter by ${name}`)
  return field
}

function present(field: MongoField): MongoFilter {
  if (field.query) return field.query('pr', null)
  return { [field.path]: { $ne: field.absent ?? null } }
}

function comparison({ operator, value: given }: Comparison, field: MongoField): MongoFilter {
  if (field.query) return field.query(operator, given)
  const value = field.lowerCased && typeof given === 'string' ? given.toLowerCase() : given
  // The stand-in for null is no value of the field: nobody's first name is ''.
  if (field.absent !== undefined && value === field.absent) return comparisonWithStandIn(operator, field)
  const condition = conditionOf(operator, value ?? field.absent ?? null)
  if (field.absent === undefined) return { [field.path]: condition }
  const downwards = operator === 'lt' || operator === 'le'
  const fromBelow = (operator === 'gt' || operator === 'ge') && typeof value === 'number' && value < 0
  if (!downwards && !fromBelow) return { [field.path]: condition }
  return { [field.path]: { ...condition, $gt: field.absent } }
}

function comparisonWithStandIn(operator: Operator, field: MongoField): MongoFilter {
  if (operator === 'eq' || operator === 'lt' || operator === 'le') return NOTHING
  return operator === 'ne' ? {} : { [field.path]: { $gt: field.absent } }
}

const RANGES = { gt: '$gt', ge: '$gte', lt: '$lt', le: '$lte' } as const

function conditionOf(operator: Operator, value: FilterValue): MongoFilter {
  switch (operator) {
    case 'eq':
      return { $eq: value }
    case 'ne':
      return { $ne: value }
    case 'co':
      return { $regex: escapeRegex(String(value)) }
    case 'ew':
      return { $regex: `${escapeRegex(String(value))}$` }
    case 'sw':
      return prefixRange(String(value))
    default:
      return { [RANGES[operator]]: value }
  }
}

/** The text itself as a pattern: nothing that a client writes is read as a regular expression. */
export function escapeRegex(text: string): string {
  // MongoDB refuses a pattern with a NUL in it, and takes its escape.
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\0', '\\x00')
}

const LAST_CODE_POINT = 0x10ffff
const SURROGATES_BEGIN = 0xd800
const AFTER_SURROGATES = 0xe000

/** Every text that begins with `prefix`, as a range that an index can serve. */
export function prefixRange(prefix: string): MongoFilter {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === LAST_CODE_POINT) points.pop()
  const last = points.pop()
  if (last === undefined) return { $gte: prefix }
  const next = last + 1 === SURROGATES_BEGIN ? AFTER_SURROGATES : last + 1
  return { $gte: prefix, $lt: String.fromCodePoint(...points, next) }
}

/** The order with its tie-breaker, as MongoDB takes it. */
export function toMongoSort(sort: Sort, path: (field: string) => string): Record<string, 1 | -1> {
  const levels = sort.map(({ field, descending }) => [path(field), descending ? -1 : 1] as const)
  return Object.fromEntries([...levels, ['_id', idDescends(sort) ? -1 : 1]])
}

/**
 * What lies behind a position: equal on the first n levels and further on the next one. The first level is bounded on
 * its own as well, so that its index begins where the walk stands.
 */
export function afterPosition(
  sort: Sort,
  position: Position,
  path: (field: string) => string,
  stored: (field: string, value: string | number) => unknown,
  storedId: (id: string) => unknown,
): MongoFilter {
  const levels = sort.map(({ field, descending }, at) => ({
    path: path(field),
    value: stored(field, position.values[at] ?? ''),
    descending,
  }))
  const all = [...levels, { path: '_id', value: storedId(position.id), descending: idDescends(sort) }]
  const branches = all.map((level, at) => ({
    ...Object.fromEntries(all.slice(0, at).map((equal) => [equal.path, equal.value])),
    [level.path]: { [level.descending ? '$lt' : '$gt']: level.value },
  }))
  const [first] = levels
  if (!first) return { $or: branches }
  return { [first.path]: { [first.descending ? '$lte' : '$gte']: first.value }, $or: branches }
}

/** Both conditions, as plainly as can be: the plainer a query, the surer a server finds its index. */
export function bothOf(one: MongoFilter | undefined, other: MongoFilter | undefined): MongoFilter {
  return one && other ? { $and: [one, other] } : (one ?? other ?? {})
}
