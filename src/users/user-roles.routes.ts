import { holdersOf, selfOr } from '../http/access'
import { etagOf, readIfMatch } from '../http/etag'
import { NOTHING } from '../http/replies'
import { type Reply, type Route, route } from '../http/route'
import * as schemas from './user.schemas'
import type { GrantRolesInput, UserGrants, UserRolesService } from './user-roles.service'

interface ById {
  readonly id: string
}

const TAG = 'Users'
const ETAG = { ETag: 'The version of the user, for If-Match' }

/** `/users/{id}/roles`: the roles that a user holds. */
export function userRoleRoutes(roles: UserRolesService): readonly Route[] {
  return [
    route<ById>({
      method: 'get',
      path: '/:id/roles',
      operation: 'listUserRoles',
      access: selfOr('users:read'),
      tag: TAG,
      summary: 'List the roles of a user',
      params: schemas.userParams,
      successes: [{ status: 200, description: 'Roles listed', data: schemas.grantListView, headers: ETAG }],
      errors: ['USER_NOT_FOUND'],
      handle: async ({ params }) => granted(await roles.list(params.id), 'Roles listed'),
    }),
    route<ById, unknown, GrantRolesInput>({
      method: 'post',
      path: '/:id/roles',
      operation: 'addUserRoles',
      access: holdersOf('users:write', 'user'),
      rank: true,
      tag: TAG,
      summary: 'Grant roles to a user',
      description: 'A role that the user holds already gets the end that is given here.',
      params: schemas.userParams,
      body: schemas.addRolesBody,
      successes: [{ status: 200, description: 'Roles granted', data: schemas.grantListView, headers: ETAG }],
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN', 'CONFLICT'],
      handle: async ({ params, body, caller }) => granted(await roles.add(caller, params.id, body), 'Roles granted'),
    }),
    route<ById, unknown, GrantRolesInput>({
      method: 'put',
      path: '/:id/roles',
      operation: 'replaceUserRoles',
      access: holdersOf('users:write', 'user'),
      rank: true,
      tag: TAG,
      summary: 'Replace the roles of a user',
      params: schemas.userParams,
      body: schemas.replaceRolesBody,
      versioned: true,
      successes: [{ status: 200, description: 'Roles replaced', data: schemas.grantListView, headers: ETAG }],
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) =>
        granted(await roles.replace(caller, params.id, body, readIfMatch(headers)), 'Roles replaced'),
    }),
    route<ById & { readonly role: string }>({
      method: 'delete',
      path: '/:id/roles/:role',
      operation: 'removeUserRole',
      access: holdersOf('users:write', 'user'),
      rank: true,
      tag: TAG,
      summary: 'Take a role from a user',
      params: schemas.userRoleParams,
      versioned: true,
      successes: [{ status: 204, description: 'Role taken', data: null }],
      errors: ['USER_NOT_FOUND', 'ROLE_NOT_FOUND', 'LAST_ADMIN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, headers, caller }) => {
        await roles.remove(caller, params.id, params.role, readIfMatch(headers))
        return NOTHING
      },
    }),
  ]
}

function granted({ grants, version }: UserGrants, message: string): Reply {
  return { status: 200, data: grants, message, headers: { ETag: etagOf(version) } }
}
