import { randomBytes } from 'node:crypto'
import { AppError } from '../errors'
import { unauthenticated } from '../http/access'
import type { Client } from '../http/route'
import type { UserAccess } from '../users/user-access.dao'
import type { UserAccessService } from '../users/user-access.service'
import type { AccessTokens } from './access-tokens'
import { type CallerDirectory, lasts } from './caller-directory'
import { firstRefreshToken, judge, parseRefreshToken, type RefreshToken, rotation } from './refresh-token'
import { type Amr, presentSession, type Session, type SessionView } from './session'
import type { LiveSessions, SessionDao, StoredSession } from './session.dao'

const SESSION_ID_BYTES = 16
const USER_AGENT_LENGTH_MAX = 256
/** Sessions that a list shows. */
const LISTED_MAX = 100
const DAY_MS = 24 * 60 * 60 * 1_000
/** How often a refresh looks again because another one of the same token was faster. */
const ATTEMPTS_MAX = 3

/** What a person gets for a login, and for a refresh token. */
export interface SessionTokens {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** In seconds. */
  readonly expires_in: number
  readonly refresh_token: string
  /** In seconds. */
  readonly refresh_expires_in: number
  readonly session_id: string
}

/** A session in the answer to "what is held on me". */
export interface SessionRecord extends Omit<SessionView, 'current'> {
  readonly authenticated_at: string
  readonly amr: readonly Amr[]
  readonly ended_at: string | null
}

export interface SessionServiceDeps {
  readonly dao: SessionDao
  readonly users: Pick<UserAccessService, 'access'>
  readonly tokens: AccessTokens
  readonly callers: CallerDirectory
  readonly clock: () => Date
  /** A session that is not refreshed for so long is over. */
  readonly refreshTokenTtlDays: number
  /** No session lasts longer, however often it is refreshed. */
  readonly sessionTtlDays: number
}

/** The rules for sessions. Every method may reject with SERVICE_UNAVAILABLE; what else it throws stands with it. */
export class SessionService {
  constructor(private readonly deps: SessionServiceDeps) {}

  /**
   * Begins a session for a person who has proved to be itself.
   * @param provedAt the time before what proves it was read: a password that changes meanwhile ends the session too.
   */
  async open(
    userId: string,
    client: Client,
    amr: readonly Amr[],
    provedAt: Date = this.deps.clock(),
  ): Promise<SessionTokens> {
    const id = randomBytes(SESSION_ID_BYTES).toString('hex')
    const { token, state } = firstRefreshToken(id)
    const session: StoredSession = {
      id,
      user_id: userId,
      created_at: provedAt,
      renewed_at: provedAt,
      authenticated_at: provedAt,
      last_used_at: provedAt,
      expires_at: this.expiry(provedAt, provedAt),
      user_agent: client.userAgent?.slice(0, USER_AGENT_LENGTH_MAX) ?? null,
      address: client.address,
      amr,
      refresh: state,
    }
    await this.deps.dao.insert(session)
    return this.tokensOf(session, token)
  }

  /**
   * A refresh token for its successor: the same one for all who bring it within the grace. An earlier one than that has
   * been stolen, from whoever brings it or by whoever brings it, and ends the session.
   * @throws UNAUTHENTICATED
   */
  async refresh(text: string): Promise<SessionTokens> {
    const token = parseRefreshToken(text)
    if (!token) throw badRefreshToken()
    for (let tried = 0; tried < ATTEMPTS_MAX; tried += 1) {
      const done = await this.tryRefresh(token)
      if (done) return done
    }
    throw new AppError('CONFLICT')
  }

  /** Ends a session. @param userId whose it must be. @returns false when there is none, or it has ended. */
  async end(id: string, userId?: string): Promise<boolean> {
    const ended = await this.deps.dao.end(id, this.deps.clock(), userId)
    this.deps.callers.drop([id])
    return ended
  }

  /** Ends all sessions of a user but one. @returns how many of them were live. */
  async endAll(userId: string, exceptId?: string): Promise<number> {
    const user = await this.deps.users.access(userId)
    const ended = await this.deps.dao.endAll(this.live(userId, user), exceptId)
    // Which they were is not known here. They are read again, once.
    this.deps.callers.drop('all')
    return ended
  }

  /**
   * Lets the session outlive a change of the password that was made in it at this time, and none that came later.
   * @returns false when it has ended.
   */
  async renew(id: string, changedAt: Date): Promise<boolean> {
    const renewed = await this.deps.dao.renew(id, changedAt)
    this.deps.callers.drop([id])
    return renewed
  }

  /** The person has proved to be itself again. @throws UNAUTHENTICATED when the session has ended meanwhile */
  async authenticate(id: string, amr: readonly Amr[]): Promise<Date> {
    const now = this.deps.clock()
    const lasting = await this.deps.dao.authenticate(id, now, amr)
    this.deps.callers.drop([id])
    if (!lasting) throw unauthenticated()
    return now
  }

  /** The user's live sessions, last used first. @param currentId which of them asks. */
  async listFor(userId: string, currentId?: string): Promise<readonly SessionView[]> {
    const user = await this.deps.users.access(userId)
    if (!user?.is_active) return []
    const sessions = await this.deps.dao.listLive(this.live(userId, user), LISTED_MAX)
    return sessions.map((session) => presentSession(session, currentId))
  }

  /** All that is kept of the user's sessions, without anything that lets somebody in. */
  async exportFor(userId: string): Promise<readonly SessionRecord[]> {
    return (await this.deps.dao.listAll(userId)).map(recordOf)
  }

  /** Removes all that is kept of the user's sessions. */
  async removeFor(userId: string): Promise<void> {
    await this.deps.dao.removeAll(userId)
    this.deps.callers.drop('all')
  }

  /** @returns undefined when another process has refreshed this token meanwhile. */
  private async tryRefresh(token: RefreshToken): Promise<SessionTokens | undefined> {
    const session = await this.deps.dao.find(token.sessionId)
    const user = session && (await this.deps.users.access(session.user_id))
    const now = this.deps.clock()
    if (!session || !user || !lasts(session, personOf(user), now.getTime())) throw badRefreshToken()
    const judgement = judge(token, session.refresh, now)
    switch (judgement.is) {
      case 'current':
        return this.rotate(token, session, now)
      case 'repeated':
        return this.tokensOf(session, judgement.successor)
      case 'replayed':
        await this.end(session.id)
        throw badRefreshToken()
      case 'forged':
        throw badRefreshToken()
    }
  }

  private async rotate(token: RefreshToken, session: StoredSession, now: Date): Promise<SessionTokens | undefined> {
    const { successor, state } = rotation(token, session.refresh, now)
    const expiresAt = this.expiry(session.created_at, now)
    const won = await this.deps.dao.rotate(session.id, token.generation, state, now, expiresAt)
    if (!won) return undefined
    this.deps.callers.drop([session.id])
    return this.tokensOf({ ...session, expires_at: expiresAt }, successor)
  }

  private async tokensOf(session: Session, refreshToken: string): Promise<SessionTokens> {
    const leftMs = session.expires_at.getTime() - this.deps.clock().getTime()
    return {
      access_token: await this.deps.tokens.issue(session.user_id, session.id),
      token_type: 'Bearer',
      expires_in: this.deps.tokens.ttlS,
      refresh_token: refreshToken,
      refresh_expires_in: Math.max(0, Math.floor(leftMs / 1_000)),
      session_id: session.id,
    }
  }

  private expiry(createdAt: Date, usedAt: Date): Date {
    const { sessionTtlDays, refreshTokenTtlDays } = this.deps
    const latest = createdAt.getTime() + sessionTtlDays * DAY_MS
    return new Date(Math.min(latest, usedAt.getTime() + refreshTokenTtlDays * DAY_MS))
  }

  private live(userId: string, user: UserAccess | undefined): LiveSessions {
    return { userId, notBefore: user?.sessions_not_before ?? null, now: this.deps.clock() }
  }
}

/** Whatever is wrong with it, the answer is the same. */
function badRefreshToken(): AppError {
  return unauthenticated('This refresh token is not valid, or no longer')
}

function personOf({ is_active, sessions_not_before }: UserAccess) {
  return { isActive: is_active, sessionsNotBefore: sessions_not_before?.getTime() ?? 0 }
}

function recordOf(session: Session & { readonly ended_at: Date | null }): SessionRecord {
  const { current: _, ...view } = presentSession(session, undefined)
  return {
    ...view,
    authenticated_at: session.authenticated_at.toISOString(),
    amr: session.amr,
    ended_at: session.ended_at?.toISOString() ?? null,
  }
}
