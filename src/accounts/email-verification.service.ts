import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { UserAccessService } from '../users/user-access.service'
import type { Background } from './background'
import { type Confirmed, type EmailChangeService, isChangeToken } from './email-change.service'
import { type OneTimeTokenService, orTokenInvalid } from './one-time-token.service'

export interface EmailVerificationDeps {
  readonly users: Pick<UserAccessService, 'credentialsByEmail' | 'verifyEmail'>
  readonly tokens: Pick<OneTimeTokenService, 'issue' | 'take'>
  readonly changes: Pick<EmailChangeService, 'confirm'>
  readonly mails: AccountMails
  readonly rates: RateLimiter
  readonly background: Background
}

/** Proofs that somebody reads the mail of an address: of a present one, and of one to come. */
export class EmailVerificationService {
  constructor(private readonly deps: EmailVerificationDeps) {}

  /** Takes any token that was mailed to be confirmed. @throws TOKEN_INVALID, EmailTakenError */
  async confirm(token: string): Promise<Confirmed> {
    const { changes, tokens, users } = this.deps
    if (isChangeToken(token)) return changes.confirm(token)
    const { id, email } = await tokens.take('verify_email', token)
    return { user: await orTokenInvalid(users.verifyEmail(id, email)) }
  }

  /**
   * Sends another mail, if somebody has this address and has not verified it. The caller learns nothing of that.
   * @throws RATE_LIMITED; SERVICE_UNAVAILABLE where no mail can be sent
   */
  async resend(email: string): Promise<void> {
    const { background, mails, rates, tokens, users } = this.deps
    mails.ensureAvailable()
    await rates.limit('recipient', email)
    background.run('verification', async () => {
      const user = await users.credentialsByEmail(email)
      if (!user?.is_active || user.email_verified) return
      mails.send(email, 'verifyEmail', await tokens.issue('verify_email', user))
    })
  }
}
