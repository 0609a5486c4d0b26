import { AppError, UserNotFoundError } from '../errors'
import type { IfMatch } from '../http/etag'
import type { AdministratorsGuard } from './administrators'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { UserDao } from './user.dao'
import { presentUser, type UserView } from './user.presenter'
import { UserWriter } from './user-writer'

export interface SetPasswordInput {
  readonly password: string
  /** Checked when it is given. */
  readonly current_password?: string
}

export interface UserPasswordsDeps {
  readonly dao: UserDao
  readonly guard: AdministratorsGuard
  readonly hasher: PasswordHasher
  readonly clock: () => Date
}

/** Setting a user's password. */
export class UserPasswordsService {
  private readonly writer: UserWriter

  constructor(private readonly deps: UserPasswordsDeps) {
    this.writer = new UserWriter(deps.dao, deps.guard, deps.clock)
  }

  /** @throws UserNotFoundError, VersionMismatchError; FORBIDDEN when the current password is another one */
  async set(id: string, input: SetPasswordInput, ifMatch: IfMatch): Promise<UserView> {
    const stored = await this.deps.dao.passwordHash(id)
    if (stored === undefined) throw new UserNotFoundError()
    await this.check(input.current_password, stored)
    const passwordHash = await this.deps.hasher.hash(input.password)
    const user = await this.writer.change(id, ifMatch, async (present) => {
      // Somebody else may have set one meanwhile: then the one that was checked is not the current one.
      const now = input.current_password === undefined ? stored : await this.deps.dao.passwordHash(id)
      if (now !== stored) throw wrongPassword()
      return { user: { ...present, has_password: true }, passwordHash }
    })
    return presentUser(user, this.deps.clock())
  }

  private async check(given: string | undefined, stored: string | null): Promise<void> {
    if (given === undefined) return
    if (stored === null || !(await this.deps.hasher.verify(given, stored))) throw wrongPassword()
  }
}

function wrongPassword(): AppError {
  return new AppError('FORBIDDEN', { message: 'The current password is not this one' })
}
