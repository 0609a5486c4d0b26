import { randomInt } from 'node:crypto'
import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { AppError } from '../errors'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { ApiKey } from './api-key'
import type { ApiKeyDao } from './api-key.dao'
import { type ApiKeyDocument, apiKeyModel } from './api-key.model'

const INTERNAL = { slot: 0, purge_at: 0 } as const
type PublicDocument = Omit<ApiKeyDocument, keyof typeof INTERNAL>

/** How often a slot is looked for because somebody else took the one that was free. */
const ATTEMPTS_MAX = 50

/** API keys in MongoDB. Queries go to the collection itself. */
export class MongooseApiKeyDao implements ApiKeyDao {
  private readonly keys: mongo.Collection<ApiKeyDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.keys = collectionOf(apiKeyModel(connection))
  }

  async insert(key: ApiKey, max: number, purgeAt: Date | null): Promise<boolean> {
    const { id, ...rest } = key
    const document = { _id: id, ...rest, permissions: [...key.permissions], purge_at: purgeAt }
    for (let tried = 0; tried < ATTEMPTS_MAX; tried += 1) {
      const slot = await this.freeSlot(key.user_id, max)
      if (slot === undefined) return false
      try {
        await this.within(this.keys.insertOne({ ...document, slot }))
        return true
      } catch (error) {
        if (!isDuplicateKey(error, 'slot')) throw error
      }
    }
    throw new AppError('CONFLICT')
  }

  async find(id: string): Promise<ApiKey | undefined> {
    const found = await this.within(this.keys.findOne<PublicDocument>({ _id: id }, { projection: INTERNAL }))
    return found ? toApiKey(found) : undefined
  }

  async listOf(userId: string): Promise<readonly ApiKey[]> {
    const options = { projection: INTERNAL, sort: { created_at: -1 } } as const
    return (await this.within(this.keys.find<PublicDocument>({ user_id: userId }, options).toArray())).map(toApiKey)
  }

  async revoke(id: string, userId: string, now: Date, purgeAt: Date): Promise<boolean> {
    const { matchedCount } = await this.within(
      this.keys.updateOne(
        { _id: id, user_id: userId, revoked_at: null },
        { $set: { revoked_at: now, purge_at: purgeAt }, $unset: { slot: '' } },
      ),
    )
    return matchedCount === 1
  }

  async noteUse(id: string, now: Date, since: Date): Promise<void> {
    const unused = { _id: id, last_used_at: { $not: { $gt: since } } }
    await this.within(this.keys.updateOne(unused, { $set: { last_used_at: now } }))
  }

  async revokedSince(since: Date, limit: number): Promise<readonly string[]> {
    const only = { projection: { _id: 1 }, limit } as const
    const found = await this.within(this.keys.find({ revoked_at: { $gte: since } }, only).toArray())
    return found.map(({ _id }) => _id)
  }

  async removeAllOf(userId: string): Promise<number> {
    return (await this.within(this.keys.deleteMany({ user_id: userId }))).deletedCount
  }

  /** Any of the free ones: those who look at the same time seldom meet. */
  private async freeSlot(userId: string, max: number): Promise<number | undefined> {
    const inUse = { user_id: userId, slot: { $gte: 0 } }
    const found = await this.within(this.keys.find(inUse, { projection: { slot: 1 } }).toArray())
    const taken = new Set(found.map(({ slot }) => slot))
    const free = Array.from({ length: max }, (_, slot) => slot).filter((slot) => !taken.has(slot))
    return free.length === 0 ? undefined : free[randomInt(free.length)]
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

function toApiKey({ _id, ...rest }: PublicDocument): ApiKey {
  return { id: _id, ...rest }
}
