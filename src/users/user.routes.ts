import { holdersOf, selfOr } from '../http/access'
import { isSelf } from '../http/caller'
import { type IfMatch, isNotModified, readIfMatch } from '../http/etag'
import { PAGING_HEADERS, pagingHeaders } from '../http/paging'
import { NOTHING, created, found } from '../http/replies'
import { type Resource, type Route, route } from '../http/route'
import type { CreateUserInput, PatchUserInput, ReplaceUserInput } from './user-input'
import { pickFields } from './user.presenter'
import { readUserListing, type UserListQuery } from './user-query'
import * as schemas from './user.schemas'
import type { UserService } from './user.service'
import type { SetPasswordInput, UserPasswordsService } from './user-passwords.service'
import { userRoleRoutes } from './user-roles.routes'
import type { UserRolesService } from './user-roles.service'

interface ById {
  readonly id: string
}

const TAG = 'Users'
const BASE = '/users'
/** A path of the answer's own: also where the request came in under an alias. */
const LOCATION = `/api/v1${BASE}`
const JSON_PATCHES = ['application/json', 'application/merge-patch+json']
const ETAG = { ETag: 'The version of the user, for If-Match and If-None-Match' }

export interface UserServices {
  readonly users: UserService
  readonly passwords: UserPasswordsService
  readonly roles: UserRolesService
  readonly emailChanges: EmailChanges
}

/** A person's own new e-mail: nothing changes before both addresses have confirmed it. */
export interface EmailChanges {
  /**
   * @returns 'withdrawn' when it is the address that the person has
   * @throws UserNotFoundError, EmailTakenError, VersionMismatchError, RATE_LIMITED; SERVICE_UNAVAILABLE where no mail can
   * be sent
   */
  request(userId: string, newEmail: string, ifMatch: IfMatch): Promise<'asked' | 'withdrawn'>
}

/** `/users`: the table of its routes. */
export function userResource({ users, passwords, roles, emailChanges }: UserServices): Resource {
  return {
    base: BASE,
    aliases: ['/user'],
    routes: [
      ...collectionRoutes(users),
      ...memberRoutes(users),
      ...changeRoutes(users, passwords, emailChanges),
      ...userRoleRoutes(roles),
    ],
  }
}

function collectionRoutes(users: UserService): readonly Route[] {
  return [
    route<unknown, unknown, CreateUserInput>({
      method: 'post',
      path: '',
      operation: 'createUser',
      access: holdersOf('users:write'),
      tag: TAG,
      summary: 'Create a user',
      body: schemas.createUserBody,
      successes: [
        {
          status: 201,
          description: 'User created',
          data: schemas.userView,
          headers: { ...ETAG, Location: 'The path of the user' },
        },
      ],
      errors: ['EMAIL_TAKEN'],
      handle: async ({ body, caller, effect }) => {
        const user = await users.create(caller, body, effect)
        return created(user, `${LOCATION}/${user.id}`, 'User created')
      },
    }),
    route<unknown, UserListQuery>({
      method: 'get',
      path: '',
      operation: 'listUsers',
      access: holdersOf('users:read'),
      tag: TAG,
      summary: 'List, filter, search, sort and page users',
      query: schemas.userListQuery,
      successes: [{ status: 200, description: 'Users listed', data: schemas.userListView, headers: PAGING_HEADERS }],
      errors: [],
      handle: async ({ query, url }) => {
        const { filter, sort, paging, scope } = readUserListing(query)
        const page = await users.list(filter, sort, paging)
        const { fields } = query
        const data = fields ? page.users.map((user) => pickFields(user, fields)) : page.users
        return { status: 200, data, message: 'Users listed', headers: pagingHeaders(url, query, scope, page) }
      },
    }),
  ]
}

function memberRoutes(users: UserService): readonly Route[] {
  return [
    route<ById>({
      method: 'get',
      path: '/:id',
      operation: 'getUser',
      access: selfOr('users:read'),
      tag: TAG,
      summary: 'Read a user',
      params: schemas.userParams,
      headers: { 'If-None-Match': 'The ETag of a copy; while it is fresh the answer is 304 without a body' },
      successes: [
        { status: 200, description: 'User found', data: schemas.userView, headers: ETAG },
        { status: 304, description: 'The copy is fresh', data: null, headers: ETAG },
      ],
      errors: ['USER_NOT_FOUND'],
      handle: async ({ params, headers }) => {
        const user = await users.get(params.id)
        return isNotModified(headers, user.version) ? { ...found(user, ''), status: 304 } : found(user, 'User found')
      },
    }),
    route<ById, unknown, ReplaceUserInput>({
      method: 'put',
      path: '/:id',
      operation: 'replaceUser',
      access: selfOr('users:write'),
      tag: TAG,
      summary: 'Update a user as a whole',
      description:
        'Writable fields that are not given go back to their defaults; password, roles and is_active keep their value.',
      params: schemas.userParams,
      body: schemas.replaceUserBody,
      versioned: true,
      successes: [{ status: 200, description: 'User updated', data: schemas.userView, headers: ETAG }],
      errors: ['USER_NOT_FOUND', 'EMAIL_TAKEN', 'LAST_ADMIN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) =>
        found(await users.replace(caller, params.id, body, readIfMatch(headers)), 'User updated'),
    }),
    route<ById, unknown, PatchUserInput>({
      method: 'patch',
      path: '/:id',
      operation: 'patchUser',
      access: selfOr('users:write'),
      tag: TAG,
      summary: 'Update parts of a user',
      description: 'JSON Merge Patch (RFC 7396): null takes a field away, or back to its default.',
      params: schemas.userParams,
      body: schemas.patchUserBody,
      consumes: JSON_PATCHES,
      versioned: true,
      successes: [{ status: 200, description: 'User updated', data: schemas.userView, headers: ETAG }],
      errors: ['USER_NOT_FOUND', 'EMAIL_TAKEN', 'LAST_ADMIN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) =>
        found(await users.patch(caller, params.id, body, readIfMatch(headers)), 'User updated'),
    }),
    route<ById, { readonly release_email: boolean }>({
      method: 'delete',
      path: '/:id',
      operation: 'deleteUser',
      access: holdersOf('users:delete', 'user'),
      rank: true,
      tag: TAG,
      summary: 'Delete a user',
      description:
        'Within the retention time the user can be restored. Its e-mail is free at once; with DELETED_EMAIL=reserved ' +
        'only when the user is purged, or at once with release_email=true.',
      params: schemas.userParams,
      query: schemas.deleteUserQuery,
      versioned: true,
      headers: { Prefer: 'return=representation: answer with the deleted user (RFC 7240)' },
      successes: [
        { status: 200, description: 'User deleted', data: schemas.userView, headers: ETAG },
        { status: 204, description: 'User deleted', data: null },
      ],
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, query, headers, caller }) => {
        const user = await users.remove(caller, params.id, readIfMatch(headers), query.release_email)
        if (!prefersRepresentation(headers['prefer'])) return NOTHING
        const reply = found(user, 'User deleted')
        return { ...reply, headers: { ...reply.headers, 'Preference-Applied': 'return=representation' } }
      },
    }),
  ]
}

function changeRoutes(
  users: UserService,
  passwords: UserPasswordsService,
  emailChanges: EmailChanges,
): readonly Route[] {
  return [
    route<ById, unknown, { readonly email: string }>({
      method: 'put',
      path: '/:id/email',
      operation: 'changeEmail',
      access: selfOr('users:write'),
      tag: TAG,
      summary: 'Change the e-mail of a user',
      description: 'By the person itself: 202, and effective when both addresses have confirmed it by mail.',
      params: schemas.userParams,
      body: schemas.emailBody,
      versioned: true,
      rank: true,
      successes: [
        { status: 200, description: 'E-mail changed', data: schemas.userView, headers: ETAG },
        { status: 202, description: 'Confirmation asked for at both addresses', data: schemas.nothing },
      ],
      errors: ['USER_NOT_FOUND', 'EMAIL_TAKEN', 'CONFLICT', 'VERSION_MISMATCH'],
      handle: async ({ params, body, headers, caller }) => {
        const ifMatch = readIfMatch(headers)
        if (!isSelf(caller, params.id)) {
          return found(await users.changeEmail(caller, params.id, body.email, ifMatch), 'E-mail changed')
        }
        const outcome = await emailChanges.request(params.id, body.email, ifMatch)
        if (outcome === 'withdrawn') return found(await users.get(params.id), 'E-mail as it was')
        return { status: 202, data: null, message: 'Confirmation asked for at both addresses' }
      },
    }),
    route<ById, unknown, SetPasswordInput>({
      method: 'put',
      path: '/:id/password',
      operation: 'setPassword',
      access: selfOr('users:write'),
      tag: TAG,
      summary: 'Set the password of a user',
      description:
        'The person itself gives current_password, and a wrong one counts as a failed login. All sessions end but the ' +
        'one in which the person changed its own.',
      params: schemas.userParams,
      rank: true,
      body: schemas.passwordBody,
      versioned: true,
      successes: [{ status: 200, description: 'Password set', data: schemas.userView, headers: ETAG }],
      errors: ['FORBIDDEN', 'USER_NOT_FOUND', 'CONFLICT', 'VERSION_MISMATCH', 'RATE_LIMITED', 'ACCOUNT_LOCKED'],
      handle: async ({ params, body, headers, caller, client }) =>
        found(await passwords.set(caller, params.id, body, readIfMatch(headers), client.address), 'Password set'),
    }),
    route<ById>({
      method: 'post',
      path: '/:id/restore',
      operation: 'restoreUser',
      access: holdersOf('users:write', 'user'),
      rank: true,
      tag: TAG,
      summary: 'Undo the deletion of a user',
      params: schemas.userParams,
      successes: [{ status: 200, description: 'User restored', data: schemas.userView, headers: ETAG }],
      errors: ['USER_NOT_FOUND', 'EMAIL_TAKEN'],
      handle: async ({ params, caller, effect }) =>
        found(await users.restore(caller, params.id, effect), 'User restored'),
    }),
  ]
}

/** RFC 7240, section 2: a list of preferences, each with parameters; names without regard to case. */
function prefersRepresentation(header: string | string[] | undefined): boolean {
  const preferences = String(header ?? '').split(',')
  return preferences.some((preference) => {
    const [first = ''] = preference.split(';')
    return /^\s*return\s*=\s*"?representation"?\s*$/i.test(first)
  })
}
