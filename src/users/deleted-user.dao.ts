import type { User } from './user'

export interface DeletedUser {
  readonly user: User
  readonly deleted_at: Date
  /** Until then it can come back. */
  readonly purge_at: Date
  /** Nobody else can have its e-mail until then. */
  readonly email_reserved: boolean
}

/** The deleted users of a store, for what becomes of them. Every method may reject with SERVICE_UNAVAILABLE. */
export interface DeletedUserDao {
  /** One who can still come back. */
  find(id: string, now: Date): Promise<DeletedUser | undefined>

  /**
   * From now on it cannot come back.
   * @returns the e-mail that it had; undefined when nobody with this id is among the deleted.
   */
  close(id: string, now: Date): Promise<string | undefined>

  /** The last that is left of one whose time is over. */
  erase(id: string, now: Date): Promise<void>

  /** Whose time is over: at most `limit` ids. */
  due(now: Date, limit: number): Promise<readonly string[]>

  /** Who was deleted before: at most `limit` ids beyond `after`, in the order of the ids. */
  deletedBefore(instant: Date, after: string | undefined, limit: number): Promise<readonly string[]>
}
