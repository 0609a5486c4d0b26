import { type FieldError, ValidationError } from '../errors'
import { allOf, anyOf, compare, type FieldTable, type Filter } from '../filter/filter'
import { formatSort, type Sort } from '../filter/sort'
import type { CursorScope } from '../http/cursor'
import { type Paging, type PagingQuery, readPaging } from '../http/paging'
import { type SortableField, sortValueType } from './user'
import type { UserField } from './user.presenter'

export const SEARCH_LENGTH_MAX = 200

/** What users can be filtered by. */
export const FILTERABLE: FieldTable = {
  id: 'id',
  name: 'text',
  first_name: 'text',
  last_name: 'text',
  email: 'text',
  email_verified: 'boolean',
  age: 'number',
  is_active: 'boolean',
  role: 'set',
  roles: 'set',
  created_at: 'instant',
  updated_at: 'instant',
  'metadata.*': 'free',
}

/** The query of a list of users, as its schema lets it through. */
export interface UserListQuery extends PagingQuery {
  readonly sort?: Sort
  readonly fields?: readonly UserField[]
  readonly q?: string
  readonly name?: string
  readonly email?: string
  readonly role?: readonly string[]
  readonly is_active?: boolean
  readonly age?: number
  readonly age_gte?: number
  readonly age_lte?: number
  readonly created_after?: Date
  readonly created_before?: Date
  readonly updated_after?: Date
  readonly updated_before?: Date
  readonly filter?: Filter
}

/** A list that is asked for: which users, in which order, which part; and what its cursors hold for. */
export interface UserListing {
  readonly filter: Filter | undefined
  readonly sort: Sort
  readonly paging: Paging
  readonly scope: CursorScope
}

const NEWEST_FIRST: Sort = [{ field: 'created_at', descending: true }]

/** @throws ValidationError */
export function readUserListing(query: UserListQuery): UserListing {
  const filter = filterOf(query)
  const sort = query.sort ?? NEWEST_FIRST
  const scope = {
    list: `users?sort=${formatSort(sort)}&filter=${filter ? JSON.stringify(filter) : ''}`,
    levels: sort.map(({ field }) => sortValueType(field as SortableField)),
  }
  const problems: FieldError[] = []
  const paging = readPaging(query, scope, problems)
  if (problems.length > 0) throw new ValidationError(problems)
  return { filter, sort, paging, scope }
}

/** All parameters together: each of them narrows the list. */
function filterOf(query: UserListQuery): Filter | undefined {
  const { q } = query
  return allOf([
    q === undefined ? undefined : anyOf([compare('name', 'co', q), compare('email', 'co', q)]),
    query.name === undefined ? undefined : compare('name', 'eq', query.name),
    query.email === undefined ? undefined : compare('email', 'eq', query.email),
    query.role && anyOf(query.role.map((role) => compare('role', 'eq', role))),
    query.is_active === undefined ? undefined : compare('is_active', 'eq', query.is_active),
    query.age === undefined ? undefined : compare('age', 'eq', query.age),
    query.age_gte === undefined ? undefined : compare('age', 'ge', query.age_gte),
    query.age_lte === undefined ? undefined : compare('age', 'le', query.age_lte),
    query.created_after && compare('created_at', 'gt', query.created_after),
    query.created_before && compare('created_at', 'lt', query.created_before),
    query.updated_after && compare('updated_at', 'gt', query.updated_after),
    query.updated_before && compare('updated_at', 'lt', query.updated_before),
    query.filter,
  ])
}
