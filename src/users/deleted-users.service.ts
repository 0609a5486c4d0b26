import type { DeletedUserDao } from './deleted-user.dao'
import type { UserDao } from './user.dao'
import { type GrantView, presentGrant, presentUser, type UserView } from './user.presenter'

/** A user with all that the users' own store holds on it, the password's hash apart. */
export interface UserRecord {
  readonly user: UserView
  /** With those that have ended and were not cleared away yet. */
  readonly grants: readonly GrantView[]
  /** null: it lives. */
  readonly deletion: DeletionView | null
}

export interface DeletionView {
  readonly deleted_at: string
  /** Until then it can be restored; then all that is held on it goes. */
  readonly purge_at: string
  readonly email_reserved: boolean
}

export interface DeletedUsersDeps {
  readonly users: Pick<UserDao, 'find'>
  readonly deleted: DeletedUserDao
  readonly clock: () => Date
}

/** What becomes of deleted users. Every method may reject with SERVICE_UNAVAILABLE. */
export class DeletedUsersService {
  constructor(private readonly deps: DeletedUsersDeps) {}

  /** A living user, or a deleted one that can still come back. */
  async record(id: string): Promise<UserRecord | undefined> {
    const now = this.deps.clock()
    const living = await this.deps.users.find(id)
    const deleted = living ? undefined : await this.deps.deleted.find(id, now)
    const user = living ?? deleted?.user
    if (!user) return undefined
    const deletion = deleted && {
      deleted_at: deleted.deleted_at.toISOString(),
      purge_at: deleted.purge_at.toISOString(),
      email_reserved: deleted.email_reserved,
    }
    return { user: presentUser(user, now), grants: user.grants.map(presentGrant), deletion: deletion ?? null }
  }

  /**
   * From now on it cannot be restored.
   * @returns its e-mail; undefined when it lives, or nobody with this id was deleted.
   */
  async close(id: string): Promise<string | undefined> {
    // Beside a living user a tombstone is what an interrupted deletion left.
    if (await this.deps.users.find(id)) return undefined
    return this.deps.deleted.close(id, this.deps.clock())
  }

  /** The last that is left of one whose time is over. */
  async erase(id: string): Promise<void> {
    await this.deps.deleted.erase(id, this.deps.clock())
  }

  /** Whose time is over. */
  async due(limit: number): Promise<readonly string[]> {
    return this.deps.deleted.due(this.deps.clock(), limit)
  }

  /** Who was deleted before `instant`, in the order of the ids, beyond `after`. */
  async deletedBefore(instant: Date, after: string | undefined, limit: number): Promise<readonly string[]> {
    return this.deps.deleted.deletedBefore(instant, after, limit)
  }
}
