import type { Connection, mongo } from 'mongoose'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { EmailChange, EmailChangeDao, Side } from './email-change.dao'
import { type EmailChangeDocument, emailChangeModel } from './email-change.model'

export class MongooseEmailChangeDao implements EmailChangeDao {
  private readonly changes: mongo.Collection<EmailChangeDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.changes = emailChangeModel(connection).collection as unknown as mongo.Collection<EmailChangeDocument>
  }

  async put({ user_id: _id, ...change }: EmailChange): Promise<void> {
    const replace = () => this.within(this.changes.replaceOne({ _id }, change, { upsert: true }))
    try {
      await replace()
    } catch (error) {
      // Two put the first one at once: the other's is there now, and can be replaced.
      if (!isDuplicateKey(error, '_id')) throw error
      await replace()
    }
  }

  async confirm(side: Side, hash: string, now: Date): Promise<EmailChange | undefined> {
    const waiting = { [`${side}.hash`]: hash, [`${side}.confirmed_at`]: null, expires_at: { $gt: now } }
    const confirmed = { $set: { [`${side}.confirmed_at`]: now } }
    const changed = await this.within(this.changes.findOneAndUpdate(waiting, confirmed, { returnDocument: 'after' }))
    return changed ? toChange(changed) : undefined
  }

  async unconfirm(side: Side, hash: string): Promise<void> {
    await this.within(this.changes.updateOne({ [`${side}.hash`]: hash }, { $set: { [`${side}.confirmed_at`]: null } }))
  }

  async find(userId: string, now: Date): Promise<EmailChange | undefined> {
    const found = await this.within(this.changes.findOne({ _id: userId, expires_at: { $gt: now } }))
    return found ? toChange(found) : undefined
  }

  async drop(userId: string): Promise<void> {
    await this.within(this.changes.deleteOne({ _id: userId }))
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

function toChange({ _id, ...change }: EmailChangeDocument): EmailChange {
  return { user_id: _id, ...change }
}
