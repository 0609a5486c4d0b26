import { type FieldError, ValidationError } from '../errors'
import { allOf, compare, type Filter } from '../filter/filter'
import { formatSort, type Sort } from '../filter/sort'
import type { CursorScope } from '../http/cursor'
import { type Paging, type PagingQuery, readPaging } from '../http/paging'
import { roleSortValueType, type RoleSortableField } from './role'

export interface RoleListQuery extends PagingQuery {
  readonly sort?: Sort
  readonly name?: string
  readonly permission?: string
  readonly q?: string
}

export interface RoleListing {
  readonly filter: Filter | undefined
  readonly sort: Sort
  readonly paging: Paging
  readonly scope: CursorScope
}

const BY_NAME: Sort = [{ field: 'name', descending: false }]

/** @throws ValidationError */
export function readRoleListing(query: RoleListQuery): RoleListing {
  const filter = allOf([
    // The names of roles are all upper case.
    query.name === undefined ? undefined : compare('name', 'eq', query.name.toUpperCase()),
    query.permission === undefined ? undefined : compare('permission', 'eq', query.permission),
    query.q === undefined ? undefined : compare('text', 'co', query.q),
  ])
  const sort = query.sort ?? BY_NAME
  const scope = {
    list: `roles?sort=${formatSort(sort)}&filter=${filter ? JSON.stringify(filter) : ''}`,
    levels: sort.map(({ field }) => roleSortValueType(field as RoleSortableField)),
  }
  const problems: FieldError[] = []
  const paging = readPaging(query, scope, problems)
  if (problems.length > 0) throw new ValidationError(problems)
  return { filter, sort, paging, scope }
}
