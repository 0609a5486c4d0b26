import { AppError, UserNotFoundError } from '../errors'
import type { LoginGuard } from '../limits/login-guard'
import type { AccountMails } from '../mail/account-mails'
import type { SecretBox } from '../secrets/secret-box'
import type { UserAccess } from '../users/user-access.dao'
import type { Authenticator, MfaDao } from './mfa.dao'
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes'
import type { SecondFactor } from './second-factor'
import { newTotpSecret, stepOf, TOTP_CODE, totpUrl } from './totp'

/** How long an authenticator that was not activated is kept, in milliseconds. */
const PENDING_MS = 3_600_000

export interface MfaDeps {
  readonly dao: MfaDao
  readonly users: { access(id: string): Promise<UserAccess | undefined> }
  /** Ends a user's sessions but one. */
  readonly sessions: { endAll(userId: string, exceptId?: string): Promise<unknown> }
  readonly logins: Pick<LoginGuard, 'begin'>
  readonly box: SecretBox
  readonly mails: Pick<AccountMails, 'send'>
  readonly clock: () => Date
}

/** A person in one of its sessions, and where it calls from. */
export interface Person {
  readonly userId: string
  readonly sessionId: string | undefined
  readonly address: string
}

export interface MfaState {
  readonly totp: { readonly active: boolean; readonly activated_at: string | null }
  readonly recovery_codes_left: number
}

/**
 * Authenticators (TOTP, RFC 6238) with recovery codes. Every code is good once, on whichever worker it arrives and
 * however many times at once. Every method may reject with SERVICE_UNAVAILABLE.
 */
export class MfaService implements SecondFactor {
  constructor(private readonly deps: MfaDeps) {}

  async state(userId: string): Promise<MfaState> {
    const found = await this.deps.dao.find(userId)
    const activatedAt = found?.activated_at ?? null
    return {
      totp: { active: activatedAt !== null, activated_at: activatedAt?.toISOString() ?? null },
      recovery_codes_left: found?.recovery_codes.length ?? 0,
    }
  }

  /** A new secret, which counts for nothing until it is activated. @throws MFA_ACTIVE */
  async begin(userId: string): Promise<{ readonly secret: string; readonly otpauth_url: string }> {
    const { email } = await this.user(userId)
    const secret = newTotpSecret()
    const now = this.deps.clock()
    const begun = await this.deps.dao.begin({
      user_id: userId,
      secret: this.deps.box.seal(secret, purposeOf(userId)),
      created_at: now,
      activated_at: null,
      expires_at: new Date(now.getTime() + PENDING_MS),
      last_step: 0,
      recovery_codes: [],
    })
    if (!begun) throw new AppError('MFA_ACTIVE')
    return { secret, otpauth_url: totpUrl(secret, email) }
  }

  /**
   * A code of the authenticator shows that it is set up: from now on logging in asks for one. Other sessions end.
   * @returns the recovery codes, which are shown this once.
   * @throws TOKEN_INVALID, MFA_ACTIVE, ACCOUNT_LOCKED, RATE_LIMITED; MFA_NOT_ACTIVE when none is being set up
   */
  async activate({ userId, sessionId, address }: Person, code: string): Promise<readonly string[]> {
    const { email } = await this.user(userId)
    const pending = await this.pending(userId)
    const step = await this.guessed(email, address, () => this.stepOf(pending, code))
    const codes = newRecoveryCodes()
    const active = { activated_at: this.deps.clock(), last_step: step, recovery_codes: hashesOf(userId, codes) }
    // Another call has set up another one meanwhile, or activated this one.
    if (!(await this.deps.dao.activate(userId, pending.secret, active))) throw new AppError('TOKEN_INVALID')
    await this.deps.sessions.endAll(userId, sessionId)
    this.deps.mails.send(email, 'authenticatorAdded')
    return codes
  }

  /** @throws MFA_NOT_ACTIVE */
  async renewRecoveryCodes(userId: string): Promise<readonly string[]> {
    const { email } = await this.user(userId)
    const codes = newRecoveryCodes()
    const replaced = await this.deps.dao.replaceRecoveryCodes(userId, hashesOf(userId, codes))
    if (!replaced) throw new AppError('MFA_NOT_ACTIVE')
    this.deps.mails.send(email, 'recoveryCodesRenewed')
    return codes
  }

  /**
   * Signing in asks for the password alone from now on. Other sessions end.
   * @param sessionId the one that stays: absent where somebody else removes it.
   * @throws UserNotFoundError, MFA_NOT_ACTIVE
   */
  async remove(userId: string, sessionId?: string): Promise<void> {
    const { email } = await this.user(userId)
    if (!(await this.deps.dao.removeActive(userId))) throw new AppError('MFA_NOT_ACTIVE')
    await this.deps.sessions.endAll(userId, sessionId)
    this.deps.mails.send(email, 'authenticatorRemoved')
  }

  async isActive(userId: string): Promise<boolean> {
    return ((await this.deps.dao.find(userId))?.activated_at ?? null) !== null
  }

  async redeem(userId: string, code: string): Promise<boolean> {
    const found = await this.deps.dao.find(userId)
    if (!found?.activated_at) return false
    const typed = code.replace(/\s/g, '')
    if (!TOTP_CODE.test(typed)) {
      const hash = hashOfRecoveryCode(userId, typed)
      return hash !== undefined && this.deps.dao.useRecoveryCode(userId, hash)
    }
    const step = this.stepOf(found, typed)
    return step !== undefined && this.deps.dao.useStep(userId, found.secret, step)
  }

  /** What is kept of the user's authenticator, without anything that lets somebody in. */
  async exportFor(userId: string): Promise<(MfaState & { readonly created_at: string }) | null> {
    const found = await this.deps.dao.find(userId)
    return found ? { ...(await this.state(userId)), created_at: found.created_at.toISOString() } : null
  }

  /** Removes all that is kept of the user's authenticator. */
  async eraseFor(userId: string): Promise<void> {
    await this.deps.dao.removeAny(userId)
  }

  private async user(userId: string): Promise<UserAccess> {
    const user = await this.deps.users.access(userId)
    if (!user) throw new UserNotFoundError()
    return user
  }

  private async pending(userId: string): Promise<Authenticator> {
    const found = await this.deps.dao.find(userId)
    if (found?.activated_at) throw new AppError('MFA_ACTIVE')
    if (!found || (found.expires_at && found.expires_at <= this.deps.clock())) throw new AppError('MFA_NOT_ACTIVE')
    return found
  }

  /** A wrong code counts as a failed login: else it could be guessed here. */
  private async guessed(email: string, address: string, check: () => number | undefined): Promise<number> {
    const attempt = await this.deps.logins.begin(email, address)
    const step = check()
    if (step === undefined) {
      await attempt.failed()
      throw new AppError('TOKEN_INVALID')
    }
    await attempt.succeeded()
    return step
  }

  private stepOf({ user_id, secret }: Authenticator, code: string): number | undefined {
    return stepOf(this.deps.box.open(secret, purposeOf(user_id)), code, this.deps.clock())
  }
}

function purposeOf(userId: string): string {
  return `authenticator of ${userId}`
}

function hashesOf(userId: string, codes: readonly string[]): readonly string[] {
  return codes.map((code) => hashOfRecoveryCode(userId, code) as string)
}
