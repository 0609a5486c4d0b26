/** One level of an order. */
export interface SortField {
  readonly field: string
  readonly descending: boolean
}

export type Sort = readonly SortField[]

/**
 * Where a walk stands: for each level of its order the value of the last item, then that item's id. A point in time
 * is in milliseconds since 1970.
 */
export interface Position {
  readonly values: readonly (string | number)[]
  readonly id: string
}

/** What a list asks of a DAO. */
export interface ListQuery {
  readonly sort: Sort
  readonly skip: number
  readonly limit: number
  /** Only what comes after this place in the order. */
  readonly after?: Position | undefined
}

export interface Slice<T> {
  readonly items: readonly T[]
  /** Whether more remain behind the last item. */
  readonly more: boolean
}

export class SortError extends Error {}

/**
 * `-created_at,name` → levels; a leading `-` turns the order round.
 * @throws SortError
 */
export function parseSort(text: string, allowed: readonly string[]): Sort {
  const sort = text.split(',').map((part) => {
    const descending = part.startsWith('-')
    const field = descending ? part.slice(1) : part
    if (!allowed.includes(field)) throw new SortError(`takes only ${allowed.join(', ')}, each with or without "-"`)
    return { field, descending }
  })
  if (new Set(sort.map(({ field }) => field)).size < sort.length) throw new SortError('names a field twice')
  return sort
}

export function formatSort(sort: Sort): string {
  return sort.map(({ field, descending }) => (descending ? `-${field}` : field)).join(',')
}

/** Ties are broken by id, in the direction of the last level: one index then serves the whole order. */
export function idDescends(sort: Sort): boolean {
  return sort.at(-1)?.descending ?? false
}
