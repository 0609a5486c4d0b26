import { UserNotFoundError } from '../errors'
import type { AdministratorsGuard } from './administrators'
import { liveGrants } from './grants'
import type { Grant } from './user'
import type { UserAccess, UserAccessDao, UserCredentials } from './user-access.dao'
import type { UserDao } from './user.dao'
import { presentUser, type UserView } from './user.presenter'
import { UserWriter } from './user-writer'

export interface UserAccessDeps {
  readonly access: UserAccessDao
  readonly dao: UserDao
  readonly guard: AdministratorsGuard
  readonly clock: () => Date
}

/** What signing in needs of the users: who somebody is, what it holds, and what it has proved about its e-mail. */
export class UserAccessService {
  private readonly writer: UserWriter

  constructor(private readonly deps: UserAccessDeps) {
    this.writer = new UserWriter(deps.dao, deps.guard, deps.clock)
  }

  async access(id: string): Promise<UserAccess | undefined> {
    return this.deps.access.access(id)
  }

  /** @param email lower-cased */
  async credentialsByEmail(email: string): Promise<UserCredentials | undefined> {
    return this.deps.access.credentialsByEmail(email)
  }

  async credentials(id: string): Promise<UserCredentials | undefined> {
    return this.deps.access.credentials(id)
  }

  async changedSince(since: Date, limit: number): Promise<readonly string[]> {
    return this.deps.access.changedSince(since, limit)
  }

  async rehash(id: string, from: string, to: string): Promise<boolean> {
    return this.deps.access.rehash(id, from, to)
  }

  async anyAdministrator(): Promise<boolean> {
    return this.deps.access.anyAdministrator()
  }

  /** The grants that hold now: those that ended are left out. */
  liveGrants(user: Pick<UserAccess, 'grants'>): readonly Grant[] {
    return liveGrants(user, this.deps.clock())
  }

  /** @throws UserNotFoundError */
  async view(id: string): Promise<UserView> {
    const user = await this.deps.dao.find(id)
    if (!user) throw new UserNotFoundError()
    return presentUser(user, this.deps.clock())
  }

  /**
   * The person has shown that it reads the mail of this address.
   * @returns undefined when the user has another address by now. @throws UserNotFoundError
   */
  async verifyEmail(id: string, email: string): Promise<UserView | undefined> {
    const user = await this.writer.change(id, undefined, (present) =>
      present.email === email && !present.email_verified ? { user: { ...present, email_verified: true } } : undefined,
    )
    return user.email === email ? presentUser(user, this.deps.clock()) : undefined
  }

  /**
   * Changes one address into another that is proved already.
   * @returns undefined when the user no longer has the first one. @throws UserNotFoundError, EmailTakenError
   */
  async moveEmail(id: string, from: string, to: string): Promise<UserView | undefined> {
    const user = await this.writer.change(id, undefined, (present) =>
      present.email === from ? { user: { ...present, email: to, email_verified: true } } : undefined,
    )
    return user.email === to ? presentUser(user, this.deps.clock()) : undefined
  }

  /**
   * A password that somebody chose who has shown that it reads the mail of this address. All sessions end.
   * @returns undefined when the user has another address by now, is disabled, or has a password where it must have none
   * @throws UserNotFoundError
   */
  async choosePassword(
    id: string,
    email: string,
    passwordHash: string,
    { name, first = false }: { readonly name?: string; readonly first?: boolean } = {},
  ): Promise<UserView | undefined> {
    const outcome = { chosen: false }
    const user = await this.writer.change(id, undefined, (present) => {
      outcome.chosen = present.email === email && present.is_active && !(first && present.has_password)
      if (!outcome.chosen) return undefined
      const named = name === undefined ? {} : { name, name_derived: false }
      return { user: { ...present, ...named, email_verified: true, has_password: true }, passwordHash }
    })
    return outcome.chosen ? presentUser(user, this.deps.clock()) : undefined
  }
}
