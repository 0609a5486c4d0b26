import { randomUUID } from 'node:crypto'
import { type Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { LastAdminError } from '../errors'
import { ADMIN_ROLE } from '../roles/role.service'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { AdministratorsGuard, Leave } from './administrators'
import { type UserDocument, userModels } from './user.model'

const GUARD_ID = 'administrators'

/** How many administrators the guard looks for when it knows too few. One would do. */
const CANDIDATES_MAX = 100
/** Retirements that are remembered: more than can be in flight. */
const RETIRED_MAX = 1_000
/**
 * A retirement that is older, in milliseconds, and whose user is still an administrator in the same version, was left
 * behind by a crash. That only tells when to look: raising the version is what makes it harmless, at any age.
 */
const RETIRED_STALE_MS = 10_000

interface Member {
  readonly id: string
  /** The stored version in which the user was an administrator. */
  readonly fence: number
}

interface Retired extends Member {
  readonly at: Date
  readonly token: string
}

interface GuardDocument {
  readonly _id: typeof GUARD_ID
  readonly members: readonly Member[]
  readonly retired: readonly Retired[]
}

/**
 * The guard as one document, changed in one step. A retirement fences the version that it was given for: neither a
 * late `join` nor a reconciliation that read the user before can bring it back in that version.
 */
export class MongooseAdminGuard implements AdministratorsGuard {
  private readonly guards: mongo.Collection<GuardDocument>
  private readonly users: mongo.Collection<UserDocument>

  /** @param deadlineMs how long any one call to the store may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
    private readonly clock: () => Date = () => new Date(),
  ) {
    this.guards = connection.collection('guards') as unknown as mongo.Collection<GuardDocument>
    this.users = collectionOf(userModels(connection).users)
  }

  /** Makes the guard's document, where it is missing. Every process may do so at once. */
  async ensure(): Promise<void> {
    try {
      await this.within(
        this.guards.updateOne({ _id: GUARD_ID }, { $setOnInsert: { members: [], retired: [] } }, { upsert: true }),
      )
    } catch (error) {
      if (!isDuplicateKey(error, '_id')) throw error
    }
  }

  async leave(id: string, version: number): Promise<Leave> {
    const leave = { id, token: randomUUID() }
    if (await this.retire(leave, version)) return leave
    await this.reconcile(id)
    if (await this.retire(leave, version)) return leave
    throw new LastAdminError()
  }

  async stay({ id, token }: Leave, version: number): Promise<void> {
    await this.within(this.guards.updateOne({ _id: GUARD_ID }, { $pull: { retired: { token } } }))
    await this.join(id, version)
  }

  async join(id: string, version: number): Promise<void> {
    await this.within(
      this.guards.updateOne(
        {
          _id: GUARD_ID,
          'members.id': { $ne: id },
          retired: { $not: { $elemMatch: { id, fence: { $gte: version } } } },
        },
        { $push: { members: { id, fence: version } } },
      ),
    )
  }

  private async retire({ id, token }: Leave, version: number): Promise<boolean> {
    const retired = { id, fence: version, at: this.clock(), token }
    const { matchedCount } = await this.within(
      this.guards.updateOne(
        { _id: GUARD_ID, members: { $elemMatch: { id: { $ne: id } } } },
        { $pull: { members: { id } }, $push: { retired: { $each: [retired], $slice: -RETIRED_MAX } } },
      ),
    )
    return matchedCount === 1
  }

  /** Finds the administrators that the guard does not know of, for instance after a crash before `join`. */
  private async reconcile(leaving: string): Promise<void> {
    await this.ensure()
    const candidates = await this.within(
      this.users
        .find(
          {
            _id: { $ne: mongo.ObjectId.createFromHexString(leaving) },
            is_active: true,
            grants: { $elemMatch: { role: ADMIN_ROLE, expires_at: null } },
          },
          { projection: { version: 1 }, limit: CANDIDATES_MAX },
        )
        .toArray(),
    )
    const retired = (await this.within(this.guards.findOne({ _id: GUARD_ID })))?.retired ?? []
    for (const { _id, version } of candidates) {
      const id = _id.toHexString()
      const fenced = retired.filter((entry) => entry.id === id && entry.fence >= version)
      if (fenced.length === 0) await this.join(id, version)
      else if (fenced.every(({ at }) => this.isStale(at))) await this.reinstate(_id, version)
    }
  }

  /** A new version is out of the fence's reach, and the change that the fence was for can no longer happen. */
  private async reinstate(_id: mongo.ObjectId, version: number): Promise<void> {
    const { matchedCount } = await this.within(this.users.updateOne({ _id, version }, { $inc: { version: 1 } }))
    if (matchedCount === 1) await this.join(_id.toHexString(), version + 1)
  }

  private isStale(at: Date): boolean {
    return this.clock().getTime() - at.getTime() > RETIRED_STALE_MS
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
