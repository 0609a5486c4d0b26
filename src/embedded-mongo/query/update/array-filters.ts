import { isDoc } from '../../bson/doc'
import type { Doc } from '../../bson/doc'
import { badValue, failedToParse, showValue } from '../../bson/errors'
import { compileFilter } from '../filter'
import type { Filter } from '../filter'

/** The `arrayFilters` of an update: which elements `$[id]` stands for. */
export interface ArrayFilters {
  /** Notes that an identifier is used; false when no filter has it. */
  use(id: string): boolean
  /** True for every element when `id` is ''. */
  matches(id: string, element: unknown): boolean
  /** Throws FailedToParse when a filter is used by no path. */
  refuseUnused(update: Doc): void
}

const IDENTIFIER = /^[a-z][a-zA-Z0-9]*$/
const LOGICAL = new Set(['$and', '$or', '$nor'])

export function compileArrayFilters(specs: readonly Doc[]): ArrayFilters {
  const filters = new Map<string, Filter>()
  for (const spec of specs) {
    const id = identifierOf(spec)
    if (filters.has(id)) {
      throw failedToParse(`Found multiple array filters with the same top-level field name ${id}`)
    }
    filters.set(id, compileFilter(spec))
  }
  const unused = new Set(filters.keys())
  return {
    use: (id) => {
      unused.delete(id)
      return filters.has(id)
    },
    matches: (id, element) => id === '' || (filters.get(id)?.matches({ [id]: element }) ?? false),
    refuseUnused: (update) => {
      for (const id of unused) {
        throw failedToParse(`The array filter for identifier '${id}' was not used in the update ${showValue(update)}`)
      }
    },
  }
}

function identifierOf(spec: Doc): string {
  const ids = new Set(topLevelNames(spec))
  const [id] = ids
  if (id === undefined) {
    throw failedToParse('Cannot use an expression without a top-level field name in arrayFilters')
  }
  if (ids.size > 1) {
    throw failedToParse(
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found ${[...ids].map((name) => `'${name}'`).join(' and ')}`,
    )
  }
  if (!IDENTIFIER.test(id)) {
    throw badValue(
      `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${id}'`,
    )
  }
  return id
}

function topLevelNames(spec: Doc): readonly string[] {
  return Object.entries(spec).flatMap(([name, value]) => {
    if (LOGICAL.has(name) && Array.isArray(value)) return value.filter(isDoc).flatMap(topLevelNames)
    return [name.split('.')[0] as string]
  })
}
