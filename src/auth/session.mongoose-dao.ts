import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { storeCall } from '../mongo/store-call'
import type { RefreshState } from './refresh-token'
import type { Amr, Session } from './session'
import type { LiveSessions, SessionDao, StoredSession } from './session.dao'
import { type SessionDocument, sessionModel } from './session.model'

/** How long a session that is over is kept, in milliseconds: every process has heard of its end long before. */
const KEPT_MS = 24 * 60 * 60 * 1_000

const LASTING = { ended_at: { $exists: false } } as const

/** Sessions in MongoDB. Queries go to the collection itself: plain objects, nothing hydrated. */
export class MongooseSessionDao implements SessionDao {
  private readonly sessions: mongo.Collection<SessionDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.sessions = collectionOf(sessionModel(connection))
  }

  async insert({ id, amr, ...session }: StoredSession): Promise<void> {
    const purge_at = keptUntil(session.expires_at)
    await this.within(this.sessions.insertOne({ _id: id, ...session, amr: [...amr], purge_at }))
  }

  async find(id: string): Promise<StoredSession | undefined> {
    const found = await this.within(this.sessions.findOne({ _id: id, ...LASTING }))
    return found ? { ...toSession(found), refresh: found.refresh } : undefined
  }

  async rotate(id: string, expected: number, refresh: RefreshState, now: Date, expiresAt: Date): Promise<boolean> {
    return this.change(
      { _id: id, ...LASTING, 'refresh.generation': expected },
      { refresh, last_used_at: now, expires_at: expiresAt, purge_at: keptUntil(expiresAt) },
    )
  }

  async end(id: string, now: Date, userId?: string): Promise<boolean> {
    const whose = userId === undefined ? {} : { user_id: userId }
    return this.change({ _id: id, ...whose, ...LASTING }, { ended_at: now, purge_at: keptUntil(now) })
  }

  async endAll(which: LiveSessions, exceptId: string | undefined): Promise<number> {
    const others = exceptId === undefined ? {} : { _id: { $ne: exceptId } }
    const set = { ended_at: which.now, purge_at: keptUntil(which.now) }
    const { modifiedCount } = await this.within(this.sessions.updateMany({ ...live(which), ...others }, { $set: set }))
    return modifiedCount
  }

  async renew(id: string, now: Date): Promise<boolean> {
    return this.change({ _id: id, ...LASTING }, { renewed_at: now })
  }

  async authenticate(id: string, now: Date, amr: readonly Amr[]): Promise<boolean> {
    return this.change({ _id: id, ...LASTING }, { authenticated_at: now, amr: [...amr] })
  }

  async listLive(which: LiveSessions, limit: number): Promise<readonly Session[]> {
    const query = { sort: { last_used_at: -1 }, limit, projection: { refresh: 0 } } as const
    return (await this.within(this.sessions.find(live(which), query).toArray())).map(toSession)
  }

  async endedSince(since: Date, limit: number): Promise<readonly string[]> {
    const query = { projection: { _id: 1 }, limit } as const
    const ended = await this.within(this.sessions.find({ ended_at: { $gte: since } }, query).toArray())
    return ended.map(({ _id }) => _id)
  }

  async listAll(userId: string): Promise<readonly (Session & { readonly ended_at: Date | null })[]> {
    const query = { sort: { last_used_at: -1 }, projection: { refresh: 0 } } as const
    const all = await this.within(this.sessions.find({ user_id: userId }, query).toArray())
    return all.map((session) => ({ ...toSession(session), ended_at: session.ended_at ?? null }))
  }

  async removeAll(userId: string): Promise<void> {
    await this.within(this.sessions.deleteMany({ user_id: userId }))
  }

  private async change(filter: mongo.Filter<SessionDocument>, set: Partial<SessionDocument>): Promise<boolean> {
    const { matchedCount } = await this.within(this.sessions.updateOne(filter, { $set: set }))
    return matchedCount === 1
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

function live({ userId, notBefore, now }: LiveSessions): mongo.Filter<SessionDocument> {
  const begun = notBefore === null ? {} : { renewed_at: { $gte: notBefore } }
  return { user_id: userId, ...LASTING, expires_at: { $gt: now }, ...begun }
}

function keptUntil(end: Date): Date {
  return new Date(end.getTime() + KEPT_MS)
}

function toSession(found: Omit<SessionDocument, 'refresh'>): Session {
  return {
    id: found._id,
    user_id: found.user_id,
    created_at: found.created_at,
    renewed_at: found.renewed_at,
    authenticated_at: found.authenticated_at,
    last_used_at: found.last_used_at,
    expires_at: found.expires_at,
    user_agent: found.user_agent,
    address: found.address,
    amr: found.amr as Amr[],
  }
}
