import { RoleNotFoundError, UserNotFoundError, ValidationError } from '../errors'
import type { Caller } from '../http/caller'
import type { IfMatch } from '../http/etag'
import type { AdministratorsGuard } from './administrators'
import { liveGrants, onlyRoles, sameGrants, visibleVersion, withRoles } from './grants'
import { type RoleDirectory, RoleGrants } from './role-grants'
import type { Grant, User } from './user'
import type { UserAuthorityService } from './user-authority.service'
import type { UserDao } from './user.dao'
import { type GrantView, presentGrant } from './user.presenter'
import { UserWriter } from './user-writer'

export interface GrantRolesInput {
  readonly roles: readonly string[]
  /** null or absent: without end. */
  readonly expires_at?: Date | null
}

/** A user's grants, with the user's version. */
export interface UserGrants {
  readonly grants: readonly GrantView[]
  readonly version: number
}

export interface UserRolesDeps {
  readonly dao: UserDao
  readonly guard: AdministratorsGuard
  readonly roles: RoleDirectory
  readonly authority: UserAuthorityService
  readonly clock: () => Date
}

/** The roles that a user holds. A method that takes the caller throws FORBIDDEN where `UserAuthorityService` says so. */
export class UserRolesService {
  private readonly writer: UserWriter
  private readonly grants: RoleGrants

  constructor(private readonly deps: UserRolesDeps) {
    this.writer = new UserWriter(deps.dao, deps.guard, deps.clock)
    this.grants = new RoleGrants(deps.roles, this.writer)
  }

  /** @throws UserNotFoundError */
  async list(id: string): Promise<UserGrants> {
    const user = await this.deps.dao.find(id)
    if (!user) throw new UserNotFoundError()
    return this.present(user)
  }

  /** Adds roles; one that is held already gets the end that is given. @throws ValidationError, UserNotFoundError, LastAdminError */
  async add(caller: Caller, id: string, input: GrantRolesInput): Promise<UserGrants> {
    return this.grant(caller, id, input, undefined, withRoles)
  }

  /** These roles and no others. @throws as `add`; VersionMismatchError */
  async replace(caller: Caller, id: string, input: GrantRolesInput, ifMatch: IfMatch): Promise<UserGrants> {
    return this.grant(caller, id, input, ifMatch, onlyRoles)
  }

  /** @throws UserNotFoundError, LastAdminError, VersionMismatchError; RoleNotFoundError when the user does not hold it */
  async remove(caller: Caller, id: string, role: string, ifMatch: IfMatch): Promise<UserGrants> {
    const user = await this.writer.change(id, ifMatch, async (present) => {
      await this.deps.authority.requireRank(caller, present)
      const held = liveGrants(present, this.deps.clock())
      const grants = held.filter((grant) => grant.role !== role)
      if (grants.length === held.length) throw new RoleNotFoundError()
      return { user: { ...present, grants } }
    })
    return this.present(user)
  }

  private async grant(
    caller: Caller,
    id: string,
    input: GrantRolesInput,
    ifMatch: IfMatch,
    combine: typeof withRoles,
  ): Promise<UserGrants> {
    const problems = [...(await this.grants.problems(input.roles)), ...this.endProblems(input)]
    const user = await this.writer.change(id, ifMatch, async (present) => {
      const now = this.deps.clock()
      const held = liveGrants(present, now)
      const grants: readonly Grant[] = combine(held, input.roles, { expiresAt: input.expires_at ?? null }, now)
      await this.deps.authority.requireGrants(caller, present, grants, input.roles)
      if (problems.length > 0) throw new ValidationError(problems)
      return sameGrants(grants, held) ? undefined : { user: { ...present, grants } }
    })
    return this.present(await this.grants.confirm(user, input.roles))
  }

  private endProblems({ expires_at }: GrantRolesInput) {
    if (!expires_at || expires_at > this.deps.clock()) return []
    return [{ field: 'expires_at', code: 'date.past', message: 'expires_at must lie in the future' }]
  }

  private present(user: User): UserGrants {
    const now = this.deps.clock()
    return { grants: liveGrants(user, now).map(presentGrant), version: visibleVersion(user, now) }
  }
}
