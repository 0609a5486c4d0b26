import { AppError, EmailTakenError, VersionMismatchError } from '../errors'
import type { IfMatch } from '../http/etag'
import type { RateLimiter } from '../limits/rate-limiter'
import type { AccountMails } from '../mail/account-mails'
import type { UserAccessService } from '../users/user-access.service'
import type { UserView } from '../users/user.presenter'
import type { Background } from './background'
import type { EmailChange, EmailChangeDao, Side } from './email-change.dao'
import { hashOfToken, isOfKind, newToken, TOKEN_TTL_MS } from './one-time-token'
import { isGood, type OneTimeTokenService, orTokenInvalid, tokenInvalid } from './one-time-token.service'

export interface EmailChangeDeps {
  readonly dao: EmailChangeDao
  readonly users: Pick<UserAccessService, 'access' | 'credentialsByEmail' | 'moveEmail' | 'view'>
  readonly tokens: Pick<OneTimeTokenService, 'revokeAll'>
  readonly mails: AccountMails
  readonly rates: RateLimiter
  readonly background: Background
  readonly clock: () => Date
  /** Never tell whether an address has an account. */
  readonly enumerationSafe: boolean
}

/** What a confirmation led to: the user with its new address, or which address is still to confirm. */
export type Confirmed = { readonly user: UserView } | { readonly pending: Side }

/** A person's own change of its e-mail: nothing changes before both addresses have confirmed it. */
export class EmailChangeService {
  constructor(private readonly deps: EmailChangeDeps) {}

  /**
   * Asks both addresses. An earlier request is superseded; one for the address that the user has withdraws it.
   * @returns whether there is anything to confirm
   * @throws UserNotFoundError, VersionMismatchError, RATE_LIMITED; EmailTakenError unless that may not be told;
   * SERVICE_UNAVAILABLE where no mail can be sent
   */
  async request(userId: string, to: string, ifMatch?: IfMatch): Promise<'asked' | 'withdrawn'> {
    const { dao, mails, rates, users, enumerationSafe, background } = this.deps
    mails.ensureAvailable()
    const { email: from, version } = await users.view(userId)
    if (Array.isArray(ifMatch) && !ifMatch.includes(version)) throw new VersionMismatchError()
    if (to === from) {
      await dao.drop(userId)
      return 'withdrawn'
    }
    await rates.limit('recipient', to)
    const taken = (await users.credentialsByEmail(to)) !== undefined
    if (taken && !enumerationSafe) throw new EmailTakenError()
    const [leave, join] = [newToken('leave_email'), newToken('join_email')]
    await dao.put(this.change({ userId, from, to, leave, join }))
    background.run('e-mail change', () => {
      mails.send(from, 'leaveEmail', leave, to)
      // Its owner is told; nobody gets the token, so the change can never be complete.
      if (taken) mails.send(to, 'emailTaken')
      else mails.send(to, 'joinEmail', join)
    })
    return 'asked'
  }

  /**
   * Uses up one address's token, and moves the user when it was the last one.
   * @throws TOKEN_INVALID; EmailTakenError when somebody has taken the address meanwhile
   */
  async confirm(token: string): Promise<Confirmed> {
    const side = sideOf(token)
    const hash = hashOfToken(token)
    const change = await this.deps.dao.confirm(side, hash, this.deps.clock())
    const user = change && (await this.deps.users.access(change.user_id))
    if (!user || !isGood({ email: change.from, created_at: change.created_at }, user)) throw tokenInvalid()
    const pending = side === 'old' ? 'new' : 'old'
    if (change[pending].confirmed_at === null) return { pending }
    return { user: await this.move(change, side) }
  }

  async pending(userId: string): Promise<EmailChange | undefined> {
    return this.deps.dao.find(userId, this.deps.clock())
  }

  async withdraw(userId: string): Promise<void> {
    await this.deps.dao.drop(userId)
  }

  private async move(change: EmailChange, last: Side): Promise<UserView> {
    const { user_id, from, to } = change
    const { dao, users, tokens, mails, background } = this.deps
    try {
      const user = await orTokenInvalid(users.moveEmail(user_id, from, to))
      background.run('after an e-mail change', async () => {
        mails.send(from, 'emailChanged', to)
        await Promise.all([dao.drop(user_id), tokens.revokeAll(user_id)])
      })
      return user
    } catch (error) {
      // Not now is not never: the same token may try again.
      if (error instanceof AppError && error.code === 'SERVICE_UNAVAILABLE') {
        await dao.unconfirm(last, change[last].hash)
      } else await dao.drop(user_id)
      throw error
    }
  }

  private change(asked: {
    readonly userId: string
    readonly from: string
    readonly to: string
    readonly leave: string
    readonly join: string
  }): EmailChange {
    const created_at = this.deps.clock()
    return {
      user_id: asked.userId,
      from: asked.from,
      to: asked.to,
      old: { hash: hashOfToken(asked.leave), confirmed_at: null },
      new: { hash: hashOfToken(asked.join), confirmed_at: null },
      created_at,
      expires_at: new Date(created_at.getTime() + TOKEN_TTL_MS.join_email),
    }
  }
}

/** Whether it is a token of a change of e-mail. */
export function isChangeToken(token: string): boolean {
  return isOfKind(token, 'leave_email') || isOfKind(token, 'join_email')
}

function sideOf(token: string): Side {
  return isOfKind(token, 'leave_email') ? 'old' : 'new'
}
