import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { SigningKey, SigningKeyDao } from './signing-key.dao'
import { type SigningKeyDocument, signingKeyModel } from './signing-key.model'

/** How long a retired key is kept, in milliseconds, for whoever looks into what happened. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000

/** Signing keys in MongoDB. */
export class MongooseSigningKeyDao implements SigningKeyDao {
  private readonly keys: mongo.Collection<SigningKeyDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.keys = collectionOf(signingKeyModel(connection))
  }

  async list(): Promise<readonly SigningKey[]> {
    const found = await this.within(this.keys.find({}, { sort: { number: 1 } }).toArray())
    return found.map(({ _id, changed_at: _changed, purge_at: _purge, ...key }) => ({ id: _id, ...key }))
  }

  async insert({ id, ...key }: SigningKey): Promise<boolean> {
    try {
      await this.within(this.keys.insertOne({ _id: id, ...key, changed_at: key.created_at }))
      return true
    } catch (error) {
      if (isDuplicateKey(error, 'number')) return false
      throw error
    }
  }

  async retireOthers(id: string, retiresAt: Date, now: Date): Promise<number> {
    const later = { _id: { $ne: id }, $or: [{ retires_at: null }, { retires_at: { $gt: retiresAt } }] }
    const set = { retires_at: retiresAt, changed_at: now, purge_at: new Date(retiresAt.getTime() + KEPT_MS) }
    const { modifiedCount } = await this.within(this.keys.updateMany(later, { $set: set }))
    return modifiedCount
  }

  async changedSince(since: Date): Promise<readonly string[]> {
    const query = { projection: { _id: 1 } } as const
    return (await this.within(this.keys.find({ changed_at: { $gte: since } }, query).toArray())).map(({ _id }) => _id)
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
