import { AppError, UserNotFoundError, ValidationError } from '../errors'
import { type Caller, isSelf } from '../http/caller'
import type { IfMatch } from '../http/etag'
import type { LoginGuard } from '../limits/login-guard'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { AdministratorsGuard } from './administrators'
import type { User } from './user'
import type { UserAuthorityService } from './user-authority.service'
import type { UserDao } from './user.dao'
import { presentUser, type UserView } from './user.presenter'
import { UserWriter } from './user-writer'

export interface SetPasswordInput {
  readonly password: string
  /** Checked when it is given; one's own password cannot be set without. */
  readonly current_password?: string
}

/** Checks a password in a time that tells nothing. */
export interface PasswordCheck {
  verify(password: string, storedHash: string | null): Promise<boolean>
}

export interface UserPasswordsDeps {
  readonly dao: UserDao
  readonly guard: AdministratorsGuard
  readonly authority: UserAuthorityService
  readonly hasher: PasswordHasher
  readonly verifier: PasswordCheck
  readonly logins: LoginGuard
  /** Keeps alive the session in which the person changed its own password; all its others end. */
  readonly sessions: { renew(sessionId: string, changedAt: Date): Promise<unknown> }
  /** Tells the owner. It must not throw. */
  readonly onChanged: (user: UserView) => void
  readonly clock: () => Date
}

/** Setting a user's password. */
export class UserPasswordsService {
  private readonly writer: UserWriter

  constructor(private readonly deps: UserPasswordsDeps) {
    this.writer = new UserWriter(deps.dao, deps.guard, deps.clock)
  }

  /**
   * @param address where the call comes from: a wrong current password counts as a guess.
   * @throws UserNotFoundError, VersionMismatchError; ValidationError when the person itself does not give its current
   * password; FORBIDDEN when that is another one, or the user may do more than the caller; ACCOUNT_LOCKED, RATE_LIMITED
   */
  async set(caller: Caller, id: string, input: SetPasswordInput, ifMatch: IfMatch, address: string): Promise<UserView> {
    const present = await this.deps.dao.find(id)
    const stored = await this.deps.dao.passwordHash(id)
    if (!present || stored === undefined) throw new UserNotFoundError()
    await this.permit(caller, present, input)
    if (input.current_password !== undefined) {
      await this.check(input.current_password, stored, present.email, address)
    } else if (isSelf(caller, id)) throw new ValidationError([CURRENT_PASSWORD_MISSING])
    const passwordHash = await this.deps.hasher.hash(input.password)
    const user = await this.writer.change(id, ifMatch, async (now) => {
      await this.permit(caller, now, input)
      // Somebody else may have set one meanwhile: then the one that was checked is not the current one.
      const current = input.current_password === undefined ? stored : await this.deps.dao.passwordHash(id)
      if (current !== stored) throw wrongPassword()
      return { user: { ...now, has_password: true }, passwordHash }
    })
    if (caller.userId === id && caller.sessionId !== undefined) {
      await this.deps.sessions.renew(caller.sessionId, user.updated_at)
    }
    const view = presentUser(user, this.deps.clock())
    this.deps.onChanged(view)
    return view
  }

  /** The person itself needs nothing but its current password. */
  private async permit(caller: Caller, present: User, { password }: SetPasswordInput): Promise<void> {
    if (!isSelf(caller, present.id)) await this.deps.authority.requireChange(caller, present, { password })
  }

  private async check(given: string, stored: string | null, email: string, address: string): Promise<void> {
    const attempt = await this.deps.logins.begin(email, address)
    const right = await this.deps.verifier.verify(given, stored).catch(async (error: unknown) => {
      await attempt.abandoned()
      throw error
    })
    // The password is but one of the factors that are guessed at: it does not clear what was counted.
    if (right) return attempt.abandoned()
    await attempt.failed()
    throw wrongPassword()
  }
}

const CURRENT_PASSWORD_MISSING = {
  field: 'current_password',
  code: 'any.required',
  message: 'current_password is required to change the password of oneself',
}

function wrongPassword(): AppError {
  return new AppError('FORBIDDEN', { message: 'The current password is not this one' })
}
