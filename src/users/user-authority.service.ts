import { AppError, type FieldError } from '../errors'
import { type Caller, can, isOwn, isSelf, lacking, type Permissions } from '../http/caller'
import { ADMIN_ROLE } from '../roles/role.service'
import { liveGrants, sameGrants } from './grants'
import type { Grant, User } from './user'
import type { UserDao } from './user.dao'

/** What authority needs to know of roles. */
export interface RolePermissions {
  /** What each of the roles carries; a name that is no role, nothing. */
  permissionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
}

export interface UserAuthorityDeps {
  readonly dao: Pick<UserDao, 'find' | 'findDeleted'>
  readonly roles: RolePermissions
  readonly clock: () => Date
}

/** What of a user decides who may come in as it, and what it may do then. Absent: not asked for. */
export interface AccessFields {
  readonly email?: string
  readonly password?: string
  readonly is_active?: boolean
  readonly roles?: readonly string[]
}

type AccessField = keyof AccessFields

/** Where the person itself changes these, whatever its permissions. */
const OWN_ROUTES: Partial<Record<AccessField, string>> = { email: 'PUT email', password: 'PUT password' }

/**
 * Who has authority over whom. Nobody gives away what it lacks, and nobody gets hold of an account that may do more
 * than itself: its e-mail, password, roles, state and sessions are then out of reach. ADMIN may do everything, so that
 * only administrators and the operator have authority over administrators.
 *
 * Every method takes the user as it was read for the change, so that a compare-and-set decides about exactly that state.
 * For whoever may do everything nothing is read.
 */
export class UserAuthorityService {
  constructor(private readonly deps: UserAuthorityDeps) {}

  /** What the holder of these roles may do. */
  async permissionsOf(roles: readonly string[]): Promise<Permissions> {
    if (roles.includes(ADMIN_ROLE)) return 'all'
    const found = await this.permissionsByRole(roles)
    return new Set([...found.values()].flat())
  }

  /**
   * For calls about a user, living or deleted. Somebody who does not exist has nothing to protect: the call itself says so.
   * @throws FORBIDDEN when the user may do more than the caller
   */
  async requireOver(caller: Caller, userId: string): Promise<void> {
    if (caller.permissions === 'all' || isSelf(caller, userId)) return
    const user = (await this.deps.dao.find(userId)) ?? (await this.deps.dao.findDeleted(userId, this.deps.clock()))
    if (user) await this.requireRank(caller, user)
  }

  /** @throws FORBIDDEN when the user may do more than the caller */
  async requireRank(caller: Caller, user: Pick<User, 'grants'>): Promise<void> {
    if (caller.permissions === 'all') return
    const roles = liveGrants(user, this.deps.clock()).map(({ role }) => role)
    if (lacking(caller, await this.permissionsOf(roles)).length > 0) throw outranked()
  }

  /**
   * @param named the list in the body, of which `roles` are a part.
   * @throws FORBIDDEN, naming each of the roles that carries what the caller lacks
   */
  async requireGrantable(caller: Caller, roles: readonly string[], named: readonly string[] = roles): Promise<void> {
    if (caller.permissions === 'all' || roles.length === 0) return
    const carried = await this.permissionsByRole(roles)
    const beyond = (role: string) => role === ADMIN_ROLE || lacking(caller, new Set(carried.get(role) ?? [])).length > 0
    const refused = roles.filter(beyond)
    if (refused.length > 0) throw refusal(refused.map((role) => ungrantable(role, named.indexOf(role))))
  }

  /**
   * A change of a user by its body: a field with its present value is no change.
   * @throws FORBIDDEN, naming the fields that are not the caller's to change
   */
  async requireChange(caller: Caller, present: User, asked: AccessFields): Promise<void> {
    const own = isOwn(caller, present.id)
    if (caller.permissions === 'all' && !own) return
    const held = liveGrants(present, this.deps.clock()).map(({ role }) => role)
    const touched = touchedFields(present, held, asked)
    const refused = own ? touched.filter((field) => field in OWN_ROUTES || !can(caller, 'users:write')) : []
    if (refused.length > 0) throw refusal(refused.map(notOwn))
    if (touched.length === 0) return
    await this.requireRank(caller, present)
    const added = (asked.roles ?? []).filter((role) => !held.includes(role))
    await this.requireGrantable(caller, added, asked.roles)
  }

  /** A change of the grants themselves, where a new end counts as well. @throws FORBIDDEN */
  async requireGrants(
    caller: Caller,
    present: User,
    grants: readonly Grant[],
    named: readonly string[],
  ): Promise<void> {
    if (caller.permissions === 'all') return
    const live = liveGrants(present, this.deps.clock())
    if (sameGrants(live, grants)) return
    await this.requireRank(caller, present)
    // What the user holds carries nothing that the caller lacks: that is seen to by now.
    const held = new Set(live.map(({ role }) => role))
    const added = grants.map(({ role }) => role).filter((role) => !held.has(role))
    await this.requireGrantable(caller, added, named)
  }

  private async permissionsByRole(roles: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return roles.length === 0 ? new Map() : this.deps.roles.permissionsOf(roles)
  }
}

function touchedFields(present: User, held: readonly string[], asked: AccessFields): readonly AccessField[] {
  const touched: AccessField[] = []
  if (asked.email !== undefined && asked.email !== present.email) touched.push('email')
  if (asked.password !== undefined) touched.push('password')
  if (asked.is_active !== undefined && asked.is_active !== present.is_active) touched.push('is_active')
  if (asked.roles !== undefined && !sameMembers(asked.roles, held)) touched.push('roles')
  return touched
}

function sameMembers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((member) => other.includes(member))
}

function outranked(): AppError {
  return new AppError('FORBIDDEN', { message: 'This user may do more than the caller' })
}

function refusal(errors: readonly FieldError[]): AppError {
  return new AppError('FORBIDDEN', { errors })
}

function notOwn(field: AccessField): FieldError {
  const route = OWN_ROUTES[field]
  if (route === undefined) {
    return { field, code: 'access.permission', message: `${field} of one's own needs the permission users:write` }
  }
  return { field, code: 'access.route', message: `${field} of one's own is changed by ${route} alone` }
}

function ungrantable(role: string, at: number): FieldError {
  return {
    field: `roles.${at}`,
    code: 'access.escalation',
    message: `${role} carries permissions that the caller lacks`,
  }
}
