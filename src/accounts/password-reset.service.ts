import type { Effect } from '../http/effect'
import type { LoginGuard } from '../limits/login-guard'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { UserAccessService } from '../users/user-access.service'
import type { UserView } from '../users/user.presenter'
import type { Background } from './background'
import { type OneTimeTokenService, orTokenInvalid } from './one-time-token.service'

export interface PasswordResetDeps {
  readonly users: Pick<UserAccessService, 'choosePassword' | 'credentialsByEmail' | 'hasChosen'>
  readonly tokens: Pick<OneTimeTokenService, 'issue' | 'peek' | 'revokeAll'>
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
   * @param effect an earlier attempt may have done so already.
   * @throws TOKEN_INVALID; SERVICE_UNAVAILABLE when too many passwords are being hashed: the token stays good then
   */
  async reset(token: string, password: string, effect?: Effect): Promise<UserView> {
    return (await this.resetBefore(effect)) ?? this.resetNow(token, password, effect)
  }

  private async resetBefore({ id: under, holder }: Partial<Effect> = {}): Promise<UserView | undefined> {
    const user = holder && under && (await this.deps.users.hasChosen(holder.userId, under))
    return user ? this.done(user, holder.email) : undefined
  }

  private async resetNow(token: string, password: string, effect: Effect | undefined): Promise<UserView> {
    const { hasher, tokens, users } = this.deps
    // Nothing dear is done for a token that is no good, and a good one is used up only when the rest is ready.
    const { id, email, issuedAt } = await tokens.peek('reset_password', token)
    const passwordHash = await hasher.hash(password)
    await effect?.remember({ userId: id, email })
    const choice = { issuedAt, under: effect?.id }
    return this.done(await orTokenInvalid(users.choosePassword(id, email, passwordHash, choice)), email)
  }

  private async done(user: UserView, email: string): Promise<UserView> {
    const { background, logins, mails, tokens } = this.deps
    background.run('after a password reset', async () => {
      mails.send(email, 'passwordChanged')
      await Promise.all([logins.unlock(email), tokens.revokeAll(user.id)])
    })
    return user
  }
}
