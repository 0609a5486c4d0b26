import { compileCollation } from '../bson/collation'
import type { Collation } from '../bson/collation'
import type { Doc } from '../bson/doc'
import { rangesOf } from '../query/candidates'
import type { Candidate } from '../query/candidates'
import { compileFilter } from '../query/filter'
import type { Filter } from '../query/filter'
import { plan } from '../query/planner'
import type { Plan } from '../query/planner'
import { compileSort } from '../query/sort'
import type { Collection } from '../storage/collection'
import { storedRange } from '../storage/keys'

/** What every command that looks for documents says. */
export interface QuerySpec {
  readonly filter: Doc
  readonly sort?: Doc | undefined
  readonly hint?: string | Doc | undefined
  readonly collation?: Doc | undefined
  /** What $expr may name: the command's `let`. */
  readonly variables?: Doc | undefined
}

/** A query that is understood, and how it will be answered. */
export interface Query {
  readonly collection: Collection
  readonly filter: Filter
  readonly filterDoc: Doc
  readonly sort: Doc | undefined
  readonly collation: Collation | undefined
  readonly plan: Plan
}

/** Throws CommandError for what cannot be understood. */
export function prepareQuery(collection: Collection, spec: QuerySpec): Query {
  const collation = compileCollation(spec.collation)
  const filter = compileFilter(spec.filter, { collation, variables: spec.variables })
  const given = spec.sort !== undefined && Object.keys(spec.sort).length > 0 ? spec.sort : undefined
  const sort = isNatural(given) ? undefined : given
  return {
    collection,
    filter,
    filterDoc: spec.filter,
    sort,
    collation,
    plan: plan(filter, sort, collection.usableIndexes(), sort === given ? spec.hint : given, (candidate, max) =>
      countEntries(collection, candidate, max),
    ),
  }
}

/** How much a plan would read of its index, up to `max`. */
function countEntries(collection: Collection, candidate: Candidate, max: number): number {
  const index = collection.index(candidate.index.name)
  const tree = index?.tree ?? collection.documents
  let count = 0
  for (const range of rangesOf(candidate)) {
    count += tree.countUpTo(storedRange(range, index === undefined ? 'documents' : 'entries').range, max - count)
    if (count >= max) break
  }
  return count
}

/** What must be understood even where there is no collection. Throws CommandError. */
export function checkQuery({ filter, sort, collation, variables }: QuerySpec): void {
  compileCollation(collation)
  compileFilter(filter, { variables })
  if (sort !== undefined && !isNatural(sort)) compileSort(sort)
}

/** `{$natural: ±1}` as a sort asks for the order of storage: a scan of the collection. */
function isNatural(sort: Doc | undefined): boolean {
  return sort !== undefined && Object.hasOwn(sort, '$natural')
}
