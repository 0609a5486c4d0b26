import { type Filter, type FieldTable, type FilterValue, kindOf, type Operator } from '../../src/filter/filter'
import { idDescends, type ListQuery, type Position, type Slice, type Sort } from '../../src/filter/sort'

/** The value of a field; a list stands for many values. */
export type ReadField<T> = (item: T, field: string) => unknown

/** Says what a filter means, in the plainest way: the DAO suite holds MongoDB's answer against it. */
export function matches<T>(filter: Filter, item: T, fields: FieldTable, read: ReadField<T>): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, item, fields, read))
    case 'or':
      return filter.parts.some((part) => matches(part, item, fields, read))
    case 'not':
      return !matches(filter.part, item, fields, read)
    case 'present':
      return valuesOf(read(item, filter.field)).length > 0
    case 'compare': {
      const caseless = kindOf(fields, filter.field) === 'text'
      const values = valuesOf(read(item, filter.field))
      return holds(
        filter.operator,
        caseless ? values.map(lowered) : values,
        caseless ? lowered(filter.value) : filter.value,
      )
    }
  }
}

function valuesOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function lowered<V>(value: V): V {
  return (typeof value === 'string' ? value.toLowerCase() : value) as V
}

function holds(operator: Operator, values: readonly unknown[], wanted: FilterValue): boolean {
  switch (operator) {
    case 'eq':
      return wanted === null ? values.length === 0 : values.some((value) => compareValues(value, wanted) === 0)
    case 'ne':
      return !holds('eq', values, wanted)
    case 'co':
      return values.some((value) => typeof value === 'string' && value.includes(String(wanted)))
    case 'sw':
      return values.some((value) => typeof value === 'string' && value.startsWith(String(wanted)))
    case 'ew':
      return values.some((value) => typeof value === 'string' && value.endsWith(String(wanted)))
    default:
      return values.some((value) => orderHolds(operator, compareValues(value, wanted)))
  }
}

function orderHolds(operator: 'gt' | 'ge' | 'lt' | 'le', order: number | undefined): boolean {
  if (order === undefined) return false
  if (operator === 'gt') return order > 0
  if (operator === 'ge') return order >= 0
  return operator === 'lt' ? order < 0 : order <= 0
}

/** undefined between types: they have no order. Text is ordered by code points, as UTF-8 is. */
function compareValues(one: unknown, other: unknown): number | undefined {
  if (one instanceof Date && other instanceof Date) return one.getTime() - other.getTime()
  if (typeof one !== typeof other) return undefined
  if (typeof one === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other as string))
  return Number(one) - Number(other)
}

export function sliceOf<T extends object>(
  items: readonly T[],
  query: ListQuery,
  value: (item: T, field: string) => string | number,
  id: (item: T) => string,
): Slice<T> {
  const position = (item: T): Position => ({ values: query.sort.map(({ field }) => value(item, field)), id: id(item) })
  const ordered = [...items].sort((a, b) => comparePositions(query.sort, position(a), position(b)))
  const { after } = query
  const behind = after ? ordered.filter((item) => comparePositions(query.sort, position(item), after) > 0) : ordered
  const from = behind.slice(query.skip)
  return { items: from.slice(0, query.limit), more: from.length > query.limit }
}

function comparePositions(sort: Sort, one: Position, other: Position): number {
  for (const [at, { descending }] of sort.entries()) {
    const order = compareValues(one.values[at], other.values[at]) ?? 0
    if (order !== 0) return descending ? -order : order
  }
  const byId = compareValues(one.id, other.id) ?? 0
  return idDescends(sort) ? -byId : byId
}
