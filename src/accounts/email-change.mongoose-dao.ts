import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { upserting } from '../mongo/mongo-errors'
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
    this.changes = collectionOf(emailChangeModel(connection))
  }

  async put({ user_id: _id, ...change }: EmailChange): Promise<void> {
    await upserting(() => this.within(this.changes.replaceOne({ _id }, change, { upsert: true })))
  }

  async ofToken(side: Side, hash: string, now: Date): Promise<EmailChange | undefined> {
    const found = await this.within(this.changes.findOne({ [`${side}.hash`]: hash, expires_at: { $gt: now } }))
    return found ? toChange(found) : undefined
  }

  async confirm(side: Side, hash: string, now: Date, under?: string): Promise<EmailChange | undefined> {
    const [at, by] = [`${side}.confirmed_at`, `${side}.confirmed_under`]
    const free = under === undefined ? { [at]: null } : { $or: [{ [at]: null }, { [by]: under }] }
    const waiting = { [`${side}.hash`]: hash, expires_at: { $gt: now }, ...free }
    const confirmed = { $set: { [at]: now, ...(under === undefined ? {} : { [by]: under }) } }
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
