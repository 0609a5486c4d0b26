import type { Caller } from '../http/caller'
import { CachedReads } from '../http/cached-reads'
import type { Freshness, RevocationSource } from '../http/revocation'
import type { People, Person } from './person'
import type { Session } from './session'
import type { SessionDao } from './session.dao'

/** Sessions that are kept in memory: at least so many, at most twice as many. */
const SESSIONS_MAX = 10_000
/** More sessions than this that ended in one window are not told one by one. */
const ENDED_MAX = 1_000

export interface CallerDirectoryDeps {
  readonly sessions: Pick<SessionDao, 'find' | 'endedSince'>
  readonly people: People
  readonly freshness: Freshness
  readonly clock: () => Date
}

interface Kept {
  readonly session: Session
  /** Made for this state of the person. */
  made?: { readonly person: Person; readonly caller: Caller }
}

/** Who calls in a session. It answers at once, from memory, for as long as nothing of it can have changed. */
export class CallerDirectory {
  private readonly sessions: CachedReads<Kept>

  constructor(private readonly deps: CallerDirectoryDeps) {
    const read = async (id: string): Promise<Kept | undefined> => {
      const session = await deps.sessions.find(id)
      return session && { session }
    }
    this.sessions = new CachedReads({ read, freshness: deps.freshness, max: SESSIONS_MAX })
  }

  /** The caller, if all that it depends on is in memory and the session lasts. */
  known(sessionId: string): Caller | undefined {
    const kept = this.sessions.known(sessionId)
    const person = kept && this.deps.people.known(kept.session.user_id)
    return kept && person && this.callerOf(kept, person)
  }

  /** undefined: there is no such session, or it is over. @throws SERVICE_UNAVAILABLE */
  async find(sessionId: string): Promise<Caller | undefined> {
    const known = this.known(sessionId)
    if (known) return known
    // Also where the session is in memory: another process may have prolonged it since.
    const kept = await this.sessions.find(sessionId)
    if (!kept) return undefined
    const { people } = this.deps
    const person = people.known(kept.session.user_id) ?? (await people.find(kept.session.user_id))
    return person && this.callerOf(kept, person)
  }

  /** As the store has it now. */
  async readAgain(sessionId: string): Promise<Caller | undefined> {
    this.drop([sessionId])
    return this.find(sessionId)
  }

  drop(sessionIds: readonly string[] | 'all'): void {
    this.sessions.drop(sessionIds)
  }

  /** What to watch, so that all of this stays true. */
  source(): RevocationSource {
    return {
      changedSince: async (since) => {
        const ended = await this.deps.sessions.endedSince(since, ENDED_MAX)
        return ended.length < ENDED_MAX ? ended : 'all'
      },
      drop: (ids) => this.drop(ids),
    }
  }

  private callerOf(kept: Kept, person: Person): Caller | undefined {
    if (!lasts(kept.session, person, this.deps.clock().getTime())) return undefined
    if (kept.made?.person !== person) kept.made = { person, caller: toCaller(kept.session, person) }
    return kept.made.caller
  }
}

/** @param nowMs in milliseconds since 1970. */
export function lasts(
  session: Pick<Session, 'renewed_at' | 'expires_at'>,
  person: Pick<Person, 'isActive' | 'sessionsNotBefore'>,
  nowMs: number,
): boolean {
  return (
    person.isActive && session.expires_at.getTime() > nowMs && session.renewed_at.getTime() >= person.sessionsNotBefore
  )
}

function toCaller(session: Session, { roles, permissions }: Person): Caller {
  return Object.freeze({
    kind: 'user',
    userId: session.user_id,
    sessionId: session.id,
    roles,
    permissions,
    authenticatedAt: session.authenticated_at.getTime(),
  })
}
