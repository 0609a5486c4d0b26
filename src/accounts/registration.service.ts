import { AppError } from '../errors'
import { OPERATOR } from '../http/caller'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { CreateUserInput } from '../users/user-input'
import type { UserView } from '../users/user.presenter'
import type { UserService } from '../users/user.service'
import type { Background } from './background'
import type { OneTimeTokenService } from './one-time-token.service'

/** What people may say of themselves: no roles, and nothing else that gives rights. */
export type RegisterInput = Omit<CreateUserInput, 'roles' | 'is_active' | 'password'> & { readonly password: string }

export interface RegistrationSettings {
  readonly allowRegistration: boolean
  readonly enumerationSafe: boolean
  readonly requireVerifiedEmail: boolean
}

export interface RegistrationDeps {
  readonly users: Pick<UserService, 'create'>
  readonly tokens: Pick<OneTimeTokenService, 'issue'>
  readonly mails: AccountMails
  readonly rates: RateLimiter
  readonly background: Background
  readonly settings: RegistrationSettings
}

/** People who make an account for themselves. */
export class RegistrationService {
  constructor(private readonly deps: RegistrationDeps) {}

  /**
   * Makes the account, and has its e-mail verified. One password is hashed, whether or not the address is taken.
   * @returns undefined where nobody may learn whether there was an account already: its owner is told by mail
   * @throws FORBIDDEN where registration is closed; ValidationError, RATE_LIMITED; EmailTakenError where that may be told;
   * SERVICE_UNAVAILABLE where a mail is needed and none can be sent
   */
  async register(input: RegisterInput): Promise<UserView | undefined> {
    const { users, rates, mails, settings } = this.deps
    if (!settings.allowRegistration) throw new AppError('FORBIDDEN', { message: 'Registration is closed here' })
    if (settings.requireVerifiedEmail || settings.enumerationSafe) mails.ensureAvailable()
    await rates.limit('recipient', input.email)
    try {
      // The service itself makes the account, with the roles that every new user has.
      const user = await users.create(OPERATOR, input)
      this.askToVerify(user)
      return settings.enumerationSafe ? undefined : user
    } catch (error) {
      if (!settings.enumerationSafe || !isEmailTaken(error)) throw error
      this.tellOwner(input.email)
      return undefined
    }
  }

  private askToVerify(user: UserView): void {
    const { background, mails, tokens } = this.deps
    background.run('verification', async () => {
      mails.send(user.email, 'verifyEmail', await tokens.issue('verify_email', user))
    })
  }

  private tellOwner(email: string): void {
    this.deps.background.run('registration attempt', () => this.deps.mails.send(email, 'registrationAttempt'))
  }
}

export function isEmailTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'EMAIL_TAKEN'
}
