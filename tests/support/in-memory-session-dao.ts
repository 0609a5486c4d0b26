import type { RefreshState } from '../../src/auth/refresh-token'
import type { Amr, Session } from '../../src/auth/session'
import type { LiveSessions, SessionDao, StoredSession } from '../../src/auth/session.dao'

type Kept = StoredSession & { readonly ended_at: Date | null }

/** Sessions in a map. */
export class InMemorySessionDao implements SessionDao {
  private readonly sessions = new Map<string, Kept>()

  async insert(session: StoredSession): Promise<void> {
    this.sessions.set(session.id, structuredClone({ ...session, ended_at: null }))
  }

  async find(id: string): Promise<StoredSession | undefined> {
    const found = this.lasting(id)
    if (!found) return undefined
    const { ended_at: _, ...session } = found
    return structuredClone(session)
  }

  async rotate(id: string, expected: number, refresh: RefreshState, now: Date, expiresAt: Date): Promise<boolean> {
    if (this.lasting(id)?.refresh.generation !== expected) return false
    return this.change(id, { refresh, last_used_at: now, expires_at: expiresAt })
  }

  async end(id: string, now: Date, userId?: string): Promise<boolean> {
    if (userId !== undefined && this.lasting(id)?.user_id !== userId) return false
    return this.change(id, { ended_at: now })
  }

  async endAll(which: LiveSessions, exceptId: string | undefined): Promise<number> {
    const ended = this.live(which).filter(({ id }) => id !== exceptId)
    for (const { id } of ended) this.change(id, { ended_at: which.now })
    return ended.length
  }

  async renew(id: string, now: Date): Promise<boolean> {
    return this.change(id, { renewed_at: now })
  }

  async authenticate(id: string, now: Date, amr: readonly Amr[]): Promise<boolean> {
    return this.change(id, { authenticated_at: now, amr })
  }

  async listLive(which: LiveSessions, limit: number): Promise<readonly Session[]> {
    return this.live(which).slice(0, limit).map(withoutTokens)
  }

  async endedSince(since: Date, limit: number): Promise<readonly string[]> {
    const ended = [...this.sessions.values()].filter(({ ended_at }) => ended_at !== null && ended_at >= since)
    return ended.slice(0, limit).map(({ id }) => id)
  }

  async listAll(userId: string): Promise<readonly (Session & { readonly ended_at: Date | null })[]> {
    const all = byLastUse([...this.sessions.values()].filter(({ user_id }) => user_id === userId))
    return all.map((session) => ({ ...withoutTokens(session), ended_at: session.ended_at }))
  }

  async removeAll(userId: string): Promise<void> {
    for (const { id, user_id } of this.sessions.values()) if (user_id === userId) this.sessions.delete(id)
  }

  private lasting(id: string): Kept | undefined {
    const found = this.sessions.get(id)
    return found?.ended_at === null ? found : undefined
  }

  private live({ userId, notBefore, now }: LiveSessions): readonly Kept[] {
    const isLive = (session: Kept) =>
      session.user_id === userId &&
      session.ended_at === null &&
      session.expires_at > now &&
      (notBefore === null || session.renewed_at >= notBefore)
    return byLastUse([...this.sessions.values()].filter(isLive))
  }

  private change(id: string, change: Partial<Kept>): boolean {
    const found = this.lasting(id)
    if (found) this.sessions.set(id, structuredClone({ ...found, ...change }))
    return found !== undefined
  }
}

function byLastUse(sessions: readonly Kept[]): readonly Kept[] {
  return sessions.toSorted((one, other) => other.last_used_at.getTime() - one.last_used_at.getTime())
}

function withoutTokens({ refresh: _refresh, ended_at: _ended, ...session }: Kept): Session {
  return session
}
