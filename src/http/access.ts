import { AppError, UserNotFoundError } from '../errors'
import { type Caller, can, isSelf } from './caller'

/** What the service itself asks for. Roles may name others, which mean something to other services. */
export const PERMISSIONS = [
  'users:read',
  'users:write',
  'users:delete',
  'roles:read',
  'roles:write',
  'audit:read',
  'events:read',
  'webhooks:write',
  'metrics:read',
  'sessions:write',
] as const
export type Permission = (typeof PERMISSIONS)[number]

/** Who may call a route. Every route says so; there is no default. */
export type Access =
  /** Anybody, with or without credentials. */
  | { readonly to: 'anyone' }
  /** Whoever is known: a person, a key, the operator. */
  | { readonly to: 'known' }
  /** A person with a session, whatever its roles. */
  | { readonly to: 'people' }
  /** Whoever has the permission. With `on: 'user'` the path's `id` is a user that not everybody may know of. */
  | { readonly to: 'holders'; readonly permission: Permission; readonly on?: 'user' }
  /** The person whom the path's `id` names, and whoever has the permission. */
  | { readonly to: 'self'; readonly permission: Permission }

export const ANYONE: Access = { to: 'anyone' }
export const KNOWN: Access = { to: 'known' }
export const PEOPLE: Access = { to: 'people' }
export const holdersOf = (permission: Permission, on?: 'user'): Access =>
  on ? { to: 'holders', permission, on } : { to: 'holders', permission }
export const selfOr = (permission: Permission): Access => ({ to: 'self', permission })

/**
 * Lets the caller in, or throws: UNAUTHENTICATED to whoever is nobody; USER_NOT_FOUND where the caller may not know
 * of the user; else FORBIDDEN.
 */
export function admit(access: Access, caller: Caller, params: Readonly<Record<string, unknown>>): void {
  if (access.to === 'anyone') return
  if (access.to === 'known') {
    if (caller.kind === 'anonymous') throw unauthenticated()
    return
  }
  if (access.to === 'people') {
    if (caller.userId === undefined || caller.kind === 'api_key') throw unauthenticated()
    return
  }
  if (can(caller, access.permission)) return
  const id = String(params['id'])
  const self = isSelf(caller, id)
  if (access.to === 'self' && self) return
  if (caller.kind === 'anonymous') throw unauthenticated()
  const aboutUser = access.to === 'self' || access.on === 'user'
  if (aboutUser && !self && !can(caller, 'users:read')) throw new UserNotFoundError()
  throw forbidden(access.permission)
}

export function unauthenticated(message?: string): AppError {
  const headers = { 'WWW-Authenticate': 'Bearer' }
  return new AppError('UNAUTHENTICATED', message === undefined ? { headers } : { headers, message })
}

export function forbidden(permission: Permission): AppError {
  return new AppError('FORBIDDEN', { message: `This call needs the permission ${permission}` })
}
