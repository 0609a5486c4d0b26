import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { upserting } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { TokenPurpose } from './one-time-token'
import type { OneTimeTokenDao, StoredToken } from './one-time-token.dao'
import { type OneTimeTokenDocument, oneTimeTokenModel } from './one-time-token.model'

const STORED = { _id: 0 } as const

export class MongooseOneTimeTokenDao implements OneTimeTokenDao {
  private readonly tokens: mongo.Collection<OneTimeTokenDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.tokens = collectionOf(oneTimeTokenModel(connection))
  }

  async put(token: StoredToken): Promise<void> {
    const slot = { _id: `${token.purpose}:${token.user_id}` }
    await upserting(() => this.within(this.tokens.replaceOne(slot, { ...token }, { upsert: true })))
  }

  async find(purpose: TokenPurpose, hash: string, now: Date): Promise<StoredToken | undefined> {
    const found = await this.within(
      this.tokens.findOne<StoredToken>({ hash, purpose, expires_at: { $gt: now } }, { projection: STORED }),
    )
    return found ?? undefined
  }

  async take(purpose: TokenPurpose, hash: string, now: Date): Promise<StoredToken | undefined> {
    const taken = await this.within(
      this.tokens.findOneAndDelete({ hash, purpose, expires_at: { $gt: now } }, { projection: STORED }),
    )
    return (taken as StoredToken | null) ?? undefined
  }

  async ofUser(userId: string): Promise<readonly StoredToken[]> {
    return this.within(this.tokens.find<StoredToken>({ user_id: userId }, { projection: STORED }).toArray())
  }

  async drop(userId: string): Promise<void> {
    await this.within(this.tokens.deleteMany({ user_id: userId }))
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
