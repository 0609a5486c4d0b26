import { createHash, randomBytes } from 'node:crypto'
import { AppError, EmailTakenError, type FieldError } from '../errors'
import { OPERATOR } from '../http/caller'
import { ADMIN_ROLE } from '../roles/role.service'
import type { UserView } from '../users/user.presenter'
import type { UserAccessService } from '../users/user-access.service'
import type { UserRolesService } from '../users/user-roles.service'
import type { UserService } from '../users/user.service'
import type { SetupLinkDao } from './setup-link.dao'

const HOUR_MS = 60 * 60 * 1_000
const LINK_TTL_MS = 24 * HOUR_MS
/** Longer than making a user can take: a process that dies meanwhile does not keep the link for good. */
const HOLD_MS = 60_000
const TOKEN_BYTES = 32
/** The name of an administrator of whom only the e-mail is known. */
const ADMINISTRATOR_NAME = 'Administrator'

export interface NewAdministrator {
  readonly name: string
  readonly email: string
  readonly password: string
}

export interface SetupDeps {
  readonly links: SetupLinkDao
  readonly users: Pick<UserService, 'create'>
  readonly access: Pick<UserAccessService, 'anyAdministrator' | 'credentialsByEmail' | 'verifyEmail'>
  readonly roles: Pick<UserRolesService, 'add'>
  /** What is wrong with a password. */
  readonly passwordProblems: (password: string, user: { readonly email: string }) => Promise<readonly FieldError[]>
  readonly clock: () => Date
  /** The same in all processes that were started together. */
  readonly startId: string
}

/** What a start did about the administrator: none was needed, one was made, or a user who was there became one. */
export type EnvironmentOutcome =
  | { readonly kind: 'there' | 'made' | 'promoted' | 'unverified' }
  | { readonly kind: 'refused'; readonly problems: readonly FieldError[] }

/**
 * Makes the first administrator. However many processes and callers try at once, there is one; and once there is any,
 * nothing here changes anything. Every method may reject with SERVICE_UNAVAILABLE.
 */
export class SetupService {
  constructor(private readonly deps: SetupDeps) {}

  /** From the environment. A user who has the e-mail already becomes the administrator, and keeps its password. */
  async fromEnvironment(email: string, password: string): Promise<EnvironmentOutcome> {
    if (await this.deps.access.anyAdministrator()) return { kind: 'there' }
    const problems = await this.deps.passwordProblems(password, { email })
    if (problems.length > 0) return { kind: 'refused', problems }
    try {
      await this.create({ name: ADMINISTRATOR_NAME, email, password })
      return { kind: 'made' }
    } catch (error) {
      if (!(error instanceof EmailTakenError)) throw error
      return this.promote(email, error)
    }
  }

  /**
   * A new token for the set-up link, which replaces any earlier one.
   * @returns undefined when there is an administrator, or another process of the same start has made the token.
   */
  async newToken(): Promise<string | undefined> {
    if (await this.deps.access.anyAdministrator()) return undefined
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const createdAt = this.deps.clock()
    const expiresAt = new Date(createdAt.getTime() + LINK_TTL_MS)
    const link = { startId: this.deps.startId, tokenHash: hashOf(token), createdAt, expiresAt }
    return (await this.deps.links.replace(link)) ? token : undefined
  }

  /**
   * Makes the administrator whom the holder of the link describes. The link goes with it; where it cannot be made, the
   * link stays good.
   * @throws SETUP_DONE, TOKEN_INVALID, ValidationError, EmailTakenError
   */
  async complete(token: string, administrator: NewAdministrator): Promise<UserView> {
    await this.requireNone()
    const tokenHash = hashOf(token)
    const now = this.deps.clock()
    if (!(await this.deps.links.take(tokenHash, now, new Date(now.getTime() + HOLD_MS)))) {
      // Whoever had it may be done by now.
      await this.requireNone()
      throw new AppError('TOKEN_INVALID')
    }
    try {
      await this.requireNone()
      const user = await this.create(administrator)
      await this.deps.links.remove()
      return user
    } catch (error) {
      await this.deps.links.giveBack(tokenHash)
      throw error
    }
  }

  /** Whoever runs the service vouches for the e-mail: nobody could log in to verify it, where that is asked for. */
  private async create(administrator: NewAdministrator): Promise<UserView> {
    const user = await this.deps.users.create(OPERATOR, { ...administrator, roles: [ADMIN_ROLE] })
    return (await this.deps.access.verifyEmail(user.id, user.email)) ?? user
  }

  /** The e-mail was taken: by another process that made the administrator just now, or by a user from before. */
  private async promote(email: string, taken: EmailTakenError): Promise<EnvironmentOutcome> {
    if (await this.deps.access.anyAdministrator()) return { kind: 'there' }
    const user = await this.deps.access.credentialsByEmail(email)
    if (!user?.is_active) throw taken
    // Somebody else may have registered the address: it must not become an administrator by that.
    if (!user.email_verified) return { kind: 'unverified' }
    await this.deps.roles.add(OPERATOR, user.id, { roles: [ADMIN_ROLE] })
    return { kind: 'promoted' }
  }

  private async requireNone(): Promise<void> {
    if (await this.deps.access.anyAdministrator()) throw new AppError('SETUP_DONE')
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
