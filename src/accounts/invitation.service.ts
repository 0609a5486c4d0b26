import type { Authority } from '../http/authority'
import type { Caller } from '../http/caller'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { PasswordHasher } from '../passwords/password-hasher'
import type { UserAccessService } from '../users/user-access.service'
import type { CreateUserInput } from '../users/user-input'
import type { UserView } from '../users/user.presenter'
import type { UserService } from '../users/user.service'
import { type OneTimeTokenService, orTokenInvalid } from './one-time-token.service'
import { isEmailTaken } from './registration.service'

export type InviteInput = Omit<CreateUserInput, 'is_active' | 'password'>

export interface AcceptInput {
  readonly token: string
  readonly password: string
  readonly name?: string
}

export interface InvitationDeps {
  readonly users: Pick<UserService, 'create'>
  readonly access: Pick<UserAccessService, 'choosePassword' | 'credentialsByEmail' | 'view'>
  readonly tokens: Pick<OneTimeTokenService, 'issue' | 'peek' | 'revokeAll' | 'take'>
  readonly hasher: Pick<PasswordHasher, 'hash'>
  readonly authority: Authority
  readonly mails: AccountMails
  readonly rates: RateLimiter
}

/** `again`: the user was there, and stays as it is. */
export interface Invited {
  readonly user: UserView
  readonly again: boolean
}

/** Accounts that somebody makes for others, who choose the password themselves. */
export class InvitationService {
  constructor(private readonly deps: InvitationDeps) {}

  /**
   * Makes a user without a password, and mails it a token to choose one. Whoever has none yet can be invited again.
   * @throws ValidationError, RATE_LIMITED, EmailTakenError; FORBIDDEN for roles that are not the caller's to grant;
   * SERVICE_UNAVAILABLE where no mail can be sent
   */
  async invite(caller: Caller, input: InviteInput): Promise<Invited> {
    const { mails, rates, tokens } = this.deps
    mails.ensureAvailable()
    await rates.limit('recipient', input.email)
    const invited = await this.createOrFind(caller, input)
    mails.send(invited.user.email, 'invitation', await tokens.issue('invitation', invited.user))
    return invited
  }

  /** @throws TOKEN_INVALID; SERVICE_UNAVAILABLE when too many passwords are being hashed: the token stays good then */
  async accept({ token, password, name }: AcceptInput): Promise<UserView> {
    const { access, hasher, tokens } = this.deps
    await tokens.peek('invitation', token)
    const passwordHash = await hasher.hash(password)
    const { id, email } = await tokens.take('invitation', token)
    const chosen = { first: true, ...(name === undefined ? {} : { name }) }
    const user = await orTokenInvalid(access.choosePassword(id, email, passwordHash, chosen))
    await tokens.revokeAll(id)
    return user
  }

  private async createOrFind(caller: Caller, input: InviteInput): Promise<Invited> {
    try {
      return { user: await this.deps.users.create(caller, input), again: false }
    } catch (error) {
      if (!isEmailTaken(error)) throw error
      const present = await this.deps.access.credentialsByEmail(input.email)
      if (!present?.is_active || present.has_password) throw error
      await this.deps.authority.requireOver(caller, present.id)
      return { user: await this.deps.access.view(present.id), again: true }
    }
  }
}
