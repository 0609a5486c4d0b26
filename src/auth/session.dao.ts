import type { RefreshState } from './refresh-token'
import type { Amr, Session } from './session'

/** A session that has not ended, with what is kept of its refresh tokens. */
export interface StoredSession extends Session {
  readonly refresh: RefreshState
}

/** Which of a user's sessions are meant: those that have not ended, expired, or begun too early. */
export interface LiveSessions {
  readonly userId: string
  /** Sessions that began before are over; null: none is. */
  readonly notBefore: Date | null
  readonly now: Date
}

/** The sessions of a store. A session that has ended is not found. Every method may reject with SERVICE_UNAVAILABLE. */
export interface SessionDao {
  insert(session: StoredSession): Promise<void>

  find(id: string): Promise<StoredSession | undefined>

  /** Compare and set on the generation of the refresh token. */
  rotate(id: string, expected: number, refresh: RefreshState, now: Date, expiresAt: Date): Promise<boolean>

  /** @param userId whose session it must be. @returns false when there is none, or it has ended. */
  end(id: string, now: Date, userId?: string): Promise<boolean>

  /** @returns how many were live, and have ended now. */
  endAll(which: LiveSessions, exceptId: string | undefined): Promise<number>

  renew(id: string, now: Date): Promise<boolean>

  /** The person has proved to be itself again. */
  authenticate(id: string, now: Date, amr: readonly Amr[]): Promise<boolean>

  /** Last used first. */
  listLive(which: LiveSessions, limit: number): Promise<readonly Session[]>

  /** Those that ended at or after `since`, at most `limit`. */
  endedSince(since: Date, limit: number): Promise<readonly string[]>

  /** Every session that is kept of the user, ended or not. */
  listAll(userId: string): Promise<readonly (Session & { readonly ended_at: Date | null })[]>

  removeAll(userId: string): Promise<void>
}
