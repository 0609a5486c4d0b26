import type { LoginGuard } from '../limits/login-guard'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { UserAccessService } from '../users/user-access.service'
import type { UserView } from '../users/user.presenter'
import type { Background } from './background'
import { type OneTimeTokenService, orTokenInvalid } from './one-time-token.service'

export interface PasswordResetDeps {
  readonly users: Pick<UserAccessService, 'choosePassword' | 'credentialsByEmail'>
  readonly tokens: Pick<OneTimeTokenService, 'issue' | 'peek' | 'revokeAll' | 'take'>
  readonly hasher: Pick<PasswordHasher, 'hash'>
  readonly logins: Pick<LoginGuard, 'unlock'>
  readonly mails: AccountMails
  readonly rates: RateLimiter
  readonly background: Background
}

/** Forgotten passwords. */
export class PasswordResetService {
  constructor(private readonly deps: PasswordResetDeps) {}

  /**
   * Sends a mail, if somebody active has this address. The caller learns nothing of that: nothing is even looked up
   * before the answer.
   * @throws RATE_LIMITED; SERVICE_UNAVAILABLE where no mail can be sent
   */
  async forgot(email: string): Promise<void> {
    const { background, mails, rates, tokens, users } = this.deps
    mails.ensureAvailable()
    await rates.limit('recipient', email)
    background.run('forgotten password', async () => {
      const user = await users.credentialsByEmail(email)
      if (user?.is_active) mails.send(email, 'resetPassword', await tokens.issue('reset_password', user))
    })
  }

  /**
   * Sets the password. Every session ends, the address is proved, and an account that was locked is open again.
   * @throws TOKEN_INVALID; SERVICE_UNAVAILABLE when too many passwords are being hashed: the token stays good then
   */
  async reset(token: string, password: string): Promise<UserView> {
    const { background, hasher, logins, mails, tokens, users } = this.deps
    // Nothing dear is done for a token that is no good, and a good one is used up only when the rest is ready.
    await tokens.peek('reset_password', token)
    const passwordHash = await hasher.hash(password)
    const { id, email } = await tokens.take('reset_password', token)
    const user = await orTokenInvalid(users.choosePassword(id, email, passwordHash))
    background.run('after a password reset', async () => {
      mails.send(email, 'passwordChanged')
      await Promise.all([logins.unlock(email), tokens.revokeAll(id)])
    })
    return user
  }
}
