import { type Connection, type mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { storeCall } from '../mongo/store-call'
import type { DeletedUser, DeletedUserDao } from './deleted-user.dao'
import { type DeletedUserDocument, type PurgedUserDocument, userModels } from './user.model'
import { isUserId, PUBLIC, toObjectId } from './user.mongo-fields'

export class MongooseDeletedUserDao implements DeletedUserDao {
  private readonly deleted: mongo.Collection<DeletedUserDocument>
  private readonly purged: mongo.Collection<PurgedUserDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    const { deleted, purged } = userModels(connection)
    this.deleted = collectionOf(deleted)
    this.purged = collectionOf(purged)
  }

  async find(id: string, now: Date): Promise<DeletedUser | undefined> {
    if (!isUserId(id)) return undefined
    const document = await this.within(
      this.deleted.findOne({ _id: toObjectId(id), purge_at: { $gt: now } }, { projection: PUBLIC }),
    )
    if (!document) return undefined
    const { _id, deleted_at, purge_at, reserved_email, ...user } = document
    return {
      user: { ...user, id: _id.toHexString() },
      deleted_at,
      purge_at,
      email_reserved: reserved_email !== undefined,
    }
  }

  async close(id: string, now: Date): Promise<string | undefined> {
    if (!isUserId(id)) return undefined
    const closed = await this.within(
      this.deleted.findOneAndUpdate(
        { _id: toObjectId(id) },
        { $min: { purge_at: now } },
        { projection: { email: 1 }, returnDocument: 'after' },
      ),
    )
    return closed?.email
  }

  /** First a note that it was there: processes that have not seen the deletion yet would never hear of it. */
  async erase(id: string, now: Date): Promise<void> {
    const note = { $set: { purged_at: now } }
    await this.within(this.purged.updateOne({ _id: toObjectId(id) }, note, { upsert: true }))
    await this.within(this.deleted.deleteOne({ _id: toObjectId(id), purge_at: { $lte: now } }))
  }

  async due(now: Date, limit: number): Promise<readonly string[]> {
    const due = this.deleted.find({ purge_at: { $lte: now } }, { projection: { _id: 1 }, limit })
    return (await this.within(due.toArray())).map(({ _id }) => _id.toHexString())
  }

  async deletedBefore(instant: Date, after: string | undefined, limit: number): Promise<readonly string[]> {
    const beyond = after === undefined ? {} : { _id: { $gt: toObjectId(after) } }
    const found = this.deleted.find(
      { deleted_at: { $lt: instant }, ...beyond },
      { projection: { _id: 1 }, sort: { _id: 1 }, limit },
    )
    return (await this.within(found.toArray())).map(({ _id }) => _id.toHexString())
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
