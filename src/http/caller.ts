/** Who makes a request, as far as the rules need to know. */
export interface Caller {
  /**
   * anonymous: no credentials. user: a person with a session. api_key: a program with a key of its own.
   * operator: whoever runs the service: every caller in open mode, and the key from the environment.
   */
  readonly kind: 'anonymous' | 'user' | 'api_key' | 'operator'
  /** The person: whose session it is, or who made the key. */
  readonly userId?: string
  readonly sessionId?: string
  readonly keyId?: string
  /** Names of the roles through which the permissions come. */
  readonly roles: readonly string[]
  /** 'all': also those that do not exist yet. */
  readonly permissions: Permissions
  /** When the person last proved to be itself, in milliseconds since 1970. */
  readonly authenticatedAt?: number
}

/** What somebody may do. */
export type Permissions = ReadonlySet<string> | 'all'

export const ANONYMOUS: Caller = Object.freeze({ kind: 'anonymous', roles: [], permissions: new Set<string>() })
export const OPERATOR: Caller = Object.freeze({ kind: 'operator', roles: [], permissions: 'all' })

export function can(caller: Caller, permission: string): boolean {
  return caller.permissions === 'all' || caller.permissions.has(permission)
}

/** Those of the permissions that the caller lacks. 'all' is covered by 'all' alone. */
export function lacking(caller: Caller, permissions: Permissions): readonly string[] {
  if (caller.permissions === 'all') return []
  if (permissions === 'all') return ['*']
  return [...permissions].filter((permission) => !can(caller, permission))
}

/** The person itself, with its own session: a key or an operator is nobody's self. */
export function isSelf(caller: Caller, userId: string): boolean {
  return caller.kind === 'user' && caller.userId === userId
}

/** The person itself, also by one of its keys: whoever finds a key must not become the person who made it. */
export function isOwn(caller: Caller, userId: string): boolean {
  return caller.kind !== 'operator' && caller.userId === userId
}

/** Whose call it is, where the route's access lets in people and their keys alone. */
export function personOf({ userId }: Caller): string {
  if (userId === undefined) throw new Error('A route for people was called by somebody who is none')
  return userId
}
