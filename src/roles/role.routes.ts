import { holdersOf } from '../http/access'
import { readIfMatch } from '../http/etag'
import { PAGING_HEADERS, pagingHeaders } from '../http/paging'
import { NOTHING, created, found } from '../http/replies'
import { type Resource, type Route, route } from '../http/route'
import { readRoleListing, type RoleListQuery } from './role-query'
import * as schemas from './role.schemas'
import type { NewRoleInput, RoleInput, RoleService } from './role.service'

interface ByName {
  readonly name: string
}

const TAG = 'Roles'
const BASE = '/roles'
/** A path of the answer's own: also where the request came in under an alias. */
const LOCATION = `/api/v1${BASE}`
const JSON_PATCHES = ['application/json', 'application/merge-patch+json']
const ETAG = { ETag: 'The version of the role, for If-Match' }

/** `/roles`: the table of its routes. */
export function roleResource(roles: RoleService): Resource {
  return { base: BASE, routes: [...collectionRoutes(roles), ...memberRoutes(roles)] }
}

function collectionRoutes(roles: RoleService): readonly Route[] {
  return [
    route<unknown, unknown, NewRoleInput>({
      method: 'post',
      path: '',
      operation: 'createRole',
      access: holdersOf('roles:write'),
      tag: TAG,
      summary: 'Create a role',
      body: schemas.createRoleBody,
      successes: [
        {
          status: 201,
          description: 'Role created',
          data: schemas.roleView,
          headers: { ...ETAG, Location: 'The path of the role' },
        },
      ],
      errors: ['FORBIDDEN', 'ROLE_TAKEN'],
      handle: async ({ body, caller, effect }) => {
        const role = await roles.create(caller, body, effect)
        return created(role, `${LOCATION}/${role.name}`, 'Role created')
      },
    }),
    route<unknown, RoleListQuery>({
      method: 'get',
      path: '',
      operation: 'listRoles',
      access: holdersOf('roles:read'),
      tag: TAG,
      summary: 'List, filter, search, sort and page roles',
      query: schemas.roleListQuery,
      successes: [{ status: 200, description: 'Roles listed', data: schemas.roleListView, headers: PAGING_HEADERS }],
      errors: [],
      handle: async ({ query, url }) => {
        const { filter, sort, paging, scope } = readRoleListing(query)
        const page = await roles.list(filter, sort, paging)
        const headers = pagingHeaders(url, query, scope, page)
        return { status: 200, data: page.roles, message: 'Roles listed', headers }
      },
    }),
  ]
}

function memberRoutes(roles: RoleService): readonly Route[] {
  return [
    route<ByName>({
      method: 'get',
      path: '/:name',
      operation: 'getRole',
      access: holdersOf('roles:read'),
      tag: TAG,
      summary: 'Read a role',
      params: schemas.roleParams,
      successes: [{ status: 200, description: 'Role found', data: schemas.roleView, headers: ETAG }],
      errors: ['ROLE_NOT_FOUND'],
      handle: async ({ params }) => found(await roles.get(params.name), 'Role found'),
    }),
    route<ByName, unknown, RoleInput>({
      method: 'put',
      path: '/:name',
      operation: 'replaceRole',
      access: holdersOf('roles:write'),
      tag: TAG,
      summary: 'Update a role as a whole',
      description: 'Fields that are not given go back to their defaults. Another name renames the role.',
      params: schemas.roleParams,
      body: schemas.replaceRoleBody,
      versioned: true,
      successes: [{ status: 200, description: 'Role updated', data: schemas.roleView, headers: ETAG }],
      errors: ['ROLE_NOT_FOUND', 'ROLE_TAKEN', 'SYSTEM_ROLE', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) =>
        found(await roles.replace(caller, params.name, body, readIfMatch(headers)), 'Role updated'),
    }),
    route<ByName, unknown, RoleInput>({
      method: 'patch',
      path: '/:name',
      operation: 'patchRole',
      access: holdersOf('roles:write'),
      tag: TAG,
      summary: 'Update parts of a role',
      description: 'Another name renames the role.',
      params: schemas.roleParams,
      body: schemas.patchRoleBody,
      consumes: JSON_PATCHES,
      versioned: true,
      successes: [{ status: 200, description: 'Role updated', data: schemas.roleView, headers: ETAG }],
      errors: ['ROLE_NOT_FOUND', 'ROLE_TAKEN', 'SYSTEM_ROLE', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) =>
        found(await roles.patch(caller, params.name, body, readIfMatch(headers)), 'Role updated'),
    }),
    route<ByName, { readonly force: boolean }>({
      method: 'delete',
      path: '/:name',
      operation: 'deleteRole',
      access: holdersOf('roles:write'),
      tag: TAG,
      summary: 'Delete a role',
      params: schemas.roleParams,
      query: schemas.removeRoleQuery,
      versioned: true,
      successes: [{ status: 204, description: 'Role deleted', data: null }],
      errors: ['ROLE_NOT_FOUND', 'ROLE_IN_USE', 'SYSTEM_ROLE', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, query, headers, caller }) => {
        await roles.remove(caller, params.name, query.force, readIfMatch(headers))
        return NOTHING
      },
    }),
  ]
}
