import { type FieldError, UserNotFoundError, ValidationError, VersionMismatchError } from '../errors'
import type { Caller } from '../http/caller'
import type { IfMatch } from '../http/etag'
import type { Filter } from '../filter/filter'
import type { Position, Sort } from '../filter/sort'
import type { PageFacts, Paging } from '../http/paging'
import { type AdministratorsGuard, isAdministrator } from './administrators'
import { visibleVersion } from './grants'
import type { PasswordHasher } from '../passwords/password-hasher'
import { RoleGrants, type RoleDirectory } from './role-grants'
import { type SortableField, sortValue, type User } from './user'
import { DEFAULT_ROLES, type Outcome, differs, newUser, patchedUser, replacedUser, scalarsOf } from './user-changes'
import type { UserAuthorityService } from './user-authority.service'
import type { UserDao } from './user.dao'
import type { CreateUserInput, PatchUserInput, ReplaceUserInput } from './user-input'
import { presentUser, readOnlyProblems, type UserView } from './user.presenter'
import { nextVersion, UserWriter } from './user-writer'

/** With a filter an estimate counts no further: beyond it only its order of magnitude is of use. */
export const ESTIMATE_MAX = 10_000
const DAY_MS = 24 * 60 * 60 * 1_000

export interface UserServiceDeps {
  readonly dao: UserDao
  readonly guard: AdministratorsGuard
  readonly roles: RoleDirectory
  readonly authority: UserAuthorityService
  readonly hasher: PasswordHasher
  readonly clock: () => Date
  /** How long a deleted user can come back, in days. */
  readonly deletedRetentionDays: number
}

export interface UserPage extends PageFacts {
  readonly users: readonly UserView[]
}

type UpdateInput = ReplaceUserInput | PatchUserInput

/**
 * The rules for users. Every method may reject with SERVICE_UNAVAILABLE, and one that takes the caller with FORBIDDEN
 * where `UserAuthorityService` says so; what else it throws stands with it.
 */
export class UserService {
  private readonly writer: UserWriter
  private readonly grants: RoleGrants

  constructor(private readonly deps: UserServiceDeps) {
    this.writer = new UserWriter(deps.dao, deps.guard, deps.clock)
    this.grants = new RoleGrants(deps.roles, this.writer)
  }

  /** @throws ValidationError, EmailTakenError */
  async create(caller: Caller, input: CreateUserInput): Promise<UserView> {
    await this.deps.authority.requireGrantable(caller, input.roles ?? DEFAULT_ROLES)
    const { value, problems } = newUser(input, this.deps.clock())
    throwIfAny([...problems, ...(await this.grants.problems(input.roles))])
    const passwordHash = input.password === undefined ? null : await this.deps.hasher.hash(input.password)
    const user = await this.deps.dao.insert(value, passwordHash)
    if (isAdministrator(user)) await this.deps.guard.join(user.id, user.version)
    return this.present(await this.grants.confirm(user, input.roles))
  }

  /** @throws UserNotFoundError */
  async get(id: string): Promise<UserView> {
    const user = await this.deps.dao.find(id)
    if (!user) throw new UserNotFoundError()
    return this.present(user)
  }

  async list(filter: Filter | undefined, sort: Sort, paging: Paging): Promise<UserPage> {
    const now = this.deps.clock()
    const [{ items, more }, total] = await Promise.all([
      this.deps.dao.list(filter, { sort, ...paging }, now),
      this.total(filter, paging, now),
    ])
    const last = items.at(-1)
    return {
      users: items.map((user) => presentUser(user, now)),
      next: more && last ? positionOf(last, sort) : undefined,
      total,
    }
  }

  /** @throws ValidationError, UserNotFoundError, EmailTakenError, LastAdminError, VersionMismatchError */
  async replace(caller: Caller, id: string, input: ReplaceUserInput, ifMatch: IfMatch): Promise<UserView> {
    return this.update(caller, id, input, ifMatch, (present, now) => replacedUser(present, input, now))
  }

  /** A merge patch (RFC 7396). @throws as `replace` */
  async patch(caller: Caller, id: string, input: PatchUserInput, ifMatch: IfMatch): Promise<UserView> {
    const scalars = scalarsOf(input)
    if (scalars) {
      const versions = ifMatch === 'any' ? undefined : ifMatch
      const user = await this.deps.dao.setScalars(id, scalars, this.deps.clock(), versions)
      if (user) return this.present(user)
      if (!versions) throw new UserNotFoundError()
      // Gone, another version, or one whose grants have ended meanwhile: the long way knows which.
    }
    return this.update(caller, id, input, ifMatch, (present, now) => patchedUser(present, input, now))
  }

  /** @throws UserNotFoundError, EmailTakenError, VersionMismatchError */
  async changeEmail(caller: Caller, id: string, email: string, ifMatch: IfMatch): Promise<UserView> {
    return this.update(caller, id, { email }, ifMatch, (present, now) => patchedUser(present, { email }, now))
  }

  /**
   * @param releaseEmail the e-mail is free at once, also where those of deleted users are reserved.
   * @throws UserNotFoundError, LastAdminError, VersionMismatchError
   */
  async remove(caller: Caller, id: string, ifMatch: IfMatch, releaseEmail = false): Promise<UserView> {
    const retention = this.deps.deletedRetentionDays * DAY_MS
    const permit = (present: User) => this.deps.authority.requireRank(caller, present)
    const purgeAt = (now: Date) => new Date(now.getTime() + retention)
    return this.present(await this.writer.remove(id, ifMatch, purgeAt, permit, releaseEmail))
  }

  /**
   * Undoes a deletion. Roles that went meanwhile do not come back.
   * @throws UserNotFoundError when the user is not deleted, or the time is over; EmailTakenError
   */
  async restore(caller: Caller, id: string): Promise<UserView> {
    const now = this.deps.clock()
    const deleted = await this.deps.dao.findDeleted(id, now)
    // Beside a living user a tombstone is what an interrupted deletion left.
    if (!deleted || (await this.deps.dao.find(id))) throw new UserNotFoundError()
    await this.deps.authority.requireRank(caller, deleted)
    const roles = deleted.grants.map(({ role }) => role)
    const unknown = await this.deps.roles.unknown(roles)
    const grants = deleted.grants.filter(({ role }) => !unknown.includes(role))
    const user = nextVersion(deleted, { ...deleted, grants }, now)
    if (!(await this.deps.dao.restore(user, deleted.version))) throw new UserNotFoundError()
    if (isAdministrator(user)) await this.deps.guard.join(user.id, user.version)
    return this.present(user)
  }

  private async update(
    caller: Caller,
    id: string,
    input: UpdateInput,
    ifMatch: IfMatch,
    compute: (present: User, now: Date) => Outcome<User>,
  ): Promise<UserView> {
    const roleProblems = await this.grants.problems(input.roles)
    // Hashing is dear: once, whatever the number of attempts, and not for a body that cannot be.
    const passwordHash = await this.hashFor(caller, id, input, roleProblems, ifMatch)
    const user = await this.writer.change(id, ifMatch, async (present) => {
      await this.deps.authority.requireChange(caller, present, input)
      const now = this.deps.clock()
      const { value, problems } = compute(present, now)
      throwIfAny([...readOnlyProblems({ ...input }, presentUser(present, now)), ...problems, ...roleProblems])
      return passwordHash !== undefined || differs(present, value) ? { user: value, passwordHash } : undefined
    })
    return this.present(await this.grants.confirm(user, input.roles))
  }

  private async hashFor(
    caller: Caller,
    id: string,
    input: UpdateInput,
    problems: readonly FieldError[],
    ifMatch: IfMatch,
  ): Promise<string | undefined> {
    if (input.password === undefined || problems.length > 0) return undefined
    const present = await this.deps.dao.find(id)
    if (!present) throw new UserNotFoundError()
    const version = visibleVersion(present, this.deps.clock())
    if (Array.isArray(ifMatch) && !ifMatch.includes(version)) throw new VersionMismatchError()
    await this.deps.authority.requireChange(caller, present, input)
    return this.deps.hasher.hash(input.password)
  }

  private async total(filter: Filter | undefined, { total }: Paging, now: Date): Promise<number | undefined> {
    if (total === 'none') return undefined
    return this.deps.dao.count(filter, now, total === 'estimate' ? ESTIMATE_MAX : undefined)
  }

  private present(user: User): UserView {
    return presentUser(user, this.deps.clock())
  }
}

function positionOf(user: User, sort: Sort): Position {
  return { values: sort.map(({ field }) => sortValue(user, field as SortableField)), id: user.id }
}

function throwIfAny(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw new ValidationError(problems)
}
