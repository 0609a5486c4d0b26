import { type Connection, type mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { storeCall } from '../mongo/store-call'
import { ADMIN_ROLE } from '../roles/role.service'
import type { UserAccess, UserAccessDao, UserCredentials } from './user-access.dao'
import { type DeletedUserDocument, type PurgedUserDocument, type UserDocument, userModels } from './user.model'
import { isUserId, toObjectId } from './user.mongo-fields'

const ACCESS = {
  name: 1,
  email: 1,
  email_verified: 1,
  is_active: 1,
  has_password: 1,
  grants: 1,
  sessions_not_before: 1,
  chosen_under: 1,
} as const
const CREDENTIALS = { ...ACCESS, password_hash: 1 } as const

type Found = Pick<UserDocument, '_id' | 'password_hash' | keyof typeof ACCESS>

/** Reads go to the collection itself, by the id or the unique e-mail. */
export class MongooseUserAccessDao implements UserAccessDao {
  private readonly users: mongo.Collection<UserDocument>
  private readonly deleted: mongo.Collection<DeletedUserDocument>
  private readonly purged: mongo.Collection<PurgedUserDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    const models = userModels(connection)
    this.users = collectionOf(models.users)
    this.deleted = collectionOf(models.deleted)
    this.purged = collectionOf(models.purged)
  }

  async access(id: string): Promise<UserAccess | undefined> {
    const found = await this.findOne(byId(id), ACCESS)
    return found && toAccess(found)
  }

  async credentialsByEmail(email: string): Promise<UserCredentials | undefined> {
    return this.withHash({ email })
  }

  async credentials(id: string): Promise<UserCredentials | undefined> {
    return this.withHash(byId(id))
  }

  async changedSince(since: Date, limit: number): Promise<readonly string[]> {
    const only = { projection: { _id: 1 }, limit } as const
    const [changed, deleted, purged] = await this.within(
      Promise.all([
        this.users.find({ access_changed_at: { $gte: since } }, only).toArray(),
        this.deleted.find({ deleted_at: { $gte: since } }, only).toArray(),
        this.purged.find({ purged_at: { $gte: since } }, only).toArray(),
      ]),
    )
    return [...changed, ...deleted, ...purged].slice(0, limit).map(({ _id }) => _id.toHexString())
  }

  async rehash(id: string, from: string, to: string): Promise<boolean> {
    const { matchedCount } = await this.within(
      this.users.updateOne({ ...byId(id), password_hash: from }, { $set: { password_hash: to } }),
    )
    return matchedCount === 1
  }

  async anyAdministrator(): Promise<boolean> {
    const administrator = { is_active: true, grants: { $elemMatch: { role: ADMIN_ROLE, expires_at: null } } }
    return (await this.findOne({ 'grants.role': ADMIN_ROLE, ...administrator }, { _id: 1 })) !== undefined
  }

  private async withHash(filter: mongo.Filter<UserDocument>): Promise<UserCredentials | undefined> {
    const found = await this.findOne(filter, CREDENTIALS)
    return found && { ...toAccess(found), password_hash: found.password_hash }
  }

  private async findOne(filter: mongo.Filter<UserDocument>, projection: object): Promise<Found | undefined> {
    return (await this.within(this.users.findOne<Found>(filter, { projection }))) ?? undefined
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

/** An id that cannot be one is the id of nobody. */
function byId(id: string): mongo.Filter<UserDocument> {
  return isUserId(id) ? { _id: toObjectId(id) } : { _id: { $in: [] } }
}

function toAccess(found: Found): UserAccess {
  const { _id, sessions_not_before = null, chosen_under = null } = found
  const { name, email, email_verified, is_active, has_password, grants } = found
  const shown = { name, email, email_verified, is_active, has_password, grants }
  return { id: _id.toHexString(), ...shown, sessions_not_before, chosen_under }
}
