import type { Grant, User } from './user'

/** What a body asks for each role that it names. */
export interface GrantTerms {
  /** null: without end. undefined: as it is, and without end where there was none. */
  readonly expiresAt: Date | null | undefined
}

export function isLive(grant: Grant, now: Date): boolean {
  return grant.expires_at === null || grant.expires_at > now
}

export function liveGrants(user: Pick<User, 'grants'>, now: Date): readonly Grant[] {
  // Almost always nothing has ended: then nothing is copied.
  return user.grants.every((grant) => isLive(grant, now))
    ? user.grants
    : user.grants.filter((grant) => isLive(grant, now))
}

/**
 * The version that clients see: a grant that ends by itself changes what GET shows, without a write. A write that
 * clears k ended grants away raises the stored version by k + 1, so this number only ever rises.
 */
export function visibleVersion(user: Pick<User, 'grants' | 'version'>, now: Date): number {
  return user.version + user.grants.length - liveGrants(user, now).length
}

/** When the first of the grants ends, and null when none does. */
export function grantsEndAt(grants: readonly Grant[]): Date | null {
  return grants.reduce<Date | null>((earliest, { expires_at }) => {
    if (expires_at === null) return earliest
    return earliest === null || expires_at < earliest ? expires_at : earliest
  }, null)
}

/** The grants after `roles` were added; those that are there keep the date on which they were given. */
export function withRoles(
  grants: readonly Grant[],
  roles: readonly string[],
  { expiresAt }: GrantTerms,
  now: Date,
): readonly Grant[] {
  const renewed = grants.map((grant) =>
    expiresAt === undefined || !roles.includes(grant.role) ? grant : { ...grant, expires_at: expiresAt },
  )
  const held = new Set(grants.map(({ role }) => role))
  const added = roles.filter((role) => !held.has(role))
  return [...renewed, ...added.map((role) => ({ role, granted_at: now, expires_at: expiresAt ?? null }))]
}

/** The grants after they were replaced by those of `roles`, in that order. */
export function onlyRoles(
  grants: readonly Grant[],
  roles: readonly string[],
  terms: GrantTerms,
  now: Date,
): readonly Grant[] {
  const all = withRoles(grants, roles, terms, now)
  return roles.flatMap((role) => all.filter((grant) => grant.role === role))
}

export function sameGrants(one: readonly Grant[], other: readonly Grant[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ role, expires_at }, at) => {
      const pair = other[at]
      return pair?.role === role && pair.expires_at?.getTime() === expires_at?.getTime()
    })
  )
}
