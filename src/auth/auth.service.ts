import { AppError } from '../errors'
import { PERMISSIONS, unauthenticated } from '../http/access'
import type { Caller } from '../http/caller'
import type { Client } from '../http/route'
import type { Attempt, LoginGuard } from '../limits/login-guard'
import type { SecondFactor } from '../mfa/second-factor'
import type { PasswordVerifier } from '../passwords/password-verifier'
import type { UserCredentials } from '../users/user-access.dao'
import type { UserAccessService } from '../users/user-access.service'
import type { UserView } from '../users/user.presenter'
import type { Amr } from './session'
import type { SessionService, SessionTokens } from './session.service'

export interface LoginInput {
  /** Lower-cased. */
  readonly email: string
  readonly password: string
  /** Of the authenticator, or a recovery code. */
  readonly code?: string
}

export type StepUpInput = Omit<LoginInput, 'email'>

export interface LoggedIn extends SessionTokens {
  readonly user: UserView
}

export interface Me extends UserView {
  /** Sorted. */
  readonly permissions: readonly string[]
}

export interface AuthServiceDeps {
  readonly users: UserAccessService
  readonly sessions: SessionService
  readonly guard: LoginGuard
  readonly passwords: Pick<PasswordVerifier, 'verify'>
  readonly secondFactor: SecondFactor
  readonly clock: () => Date
  readonly requireVerifiedEmail: boolean
}

/** Proving who one is. Every method may reject with SERVICE_UNAVAILABLE; what else it throws stands with it. */
export class AuthService {
  constructor(private readonly deps: AuthServiceDeps) {}

  /**
   * Whatever is wrong - nobody has the e-mail, the password is another one, the user is disabled, has no password or must
   * first verify its e-mail - the answer is the same, after the same work.
   * @throws UNAUTHENTICATED, MFA_REQUIRED, ACCOUNT_LOCKED, RATE_LIMITED
   */
  async login({ email, password, code }: LoginInput, client: Client): Promise<LoggedIn> {
    const attempt = await this.deps.guard.begin(email, client.address)
    // Before the credentials are read: should the password change from here on, this login came before the change.
    const provedAt = this.deps.clock()
    const { user, amr } = await this.counted(attempt, async () => {
      const found = await this.deps.users.credentialsByEmail(email)
      return this.prove(found, password, code)
    })
    const tokens = await this.deps.sessions.open(user.id, client, amr, provedAt)
    const present = await this.deps.users.access(user.id)
    if (!present || sessionsEnded(present) !== sessionsEnded(user)) {
      await this.deps.sessions.end(tokens.session_id)
      throw wrongCredentials()
    }
    return { ...tokens, user: await this.deps.users.view(user.id) }
  }

  /** @returns until when the proof serves for dangerous calls. @throws as `login` */
  async stepUp(caller: Caller, { password, code }: StepUpInput, client: Client): Promise<Date> {
    const { userId, sessionId } = sessionOf(caller)
    const found = await this.deps.users.credentials(userId)
    if (!found) throw unauthenticated()
    const attempt = await this.deps.guard.begin(found.email, client.address)
    const { amr } = await this.counted(attempt, () => this.prove(found, password, code))
    return this.deps.sessions.authenticate(sessionId, amr)
  }

  /** @throws UNAUTHENTICATED when the session has ended meanwhile */
  async logout(caller: Caller): Promise<void> {
    await this.deps.sessions.end(sessionOf(caller).sessionId)
  }

  /** The caller's own profile, and what it may do. */
  async me(caller: Caller): Promise<Me> {
    const view = await this.deps.users.view(sessionOf(caller).userId)
    const permissions = caller.permissions === 'all' ? PERMISSIONS : caller.permissions
    return { ...view, permissions: [...permissions].sort() }
  }

  /** Tells the guard how the attempt ended. What was never compared does not count as a guess. */
  private async counted<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      await attempt.succeeded()
      return result
    } catch (error) {
      const wrong = error instanceof AppError && error.code === 'UNAUTHENTICATED'
      await (wrong ? attempt.failed() : attempt.abandoned())
      throw error
    }
  }

  private async prove(
    user: UserCredentials | undefined,
    password: string,
    code: string | undefined,
  ): Promise<{ readonly user: UserCredentials; readonly amr: readonly Amr[] }> {
    const matches = await this.deps.passwords.verify(password, user?.password_hash, async (hash) => {
      if (user?.password_hash) await this.deps.users.rehash(user.id, user.password_hash, hash)
    })
    if (!user || !matches || !this.mayComeIn(user)) throw wrongCredentials()
    if (!(await this.deps.secondFactor.isActive(user.id))) return { user, amr: ['pwd'] }
    if (code === undefined) throw new AppError('MFA_REQUIRED', { headers: { 'WWW-Authenticate': 'Bearer' } })
    if (!(await this.deps.secondFactor.redeem(user.id, code))) throw wrongCredentials()
    return { user, amr: ['pwd', 'otp'] }
  }

  private mayComeIn({ is_active, email_verified }: UserCredentials): boolean {
    return is_active && (email_verified || !this.deps.requireVerifiedEmail)
  }
}

function wrongCredentials(): AppError {
  return unauthenticated('E-mail or password is wrong')
}

function sessionsEnded({ sessions_not_before }: Pick<UserCredentials, 'sessions_not_before'>): number | undefined {
  return sessions_not_before?.getTime()
}

/** Rows that lead here are for people alone. */
function sessionOf({ userId, sessionId }: Caller): { readonly userId: string; readonly sessionId: string } {
  if (userId === undefined || sessionId === undefined) throw unauthenticated()
  return { userId, sessionId }
}
