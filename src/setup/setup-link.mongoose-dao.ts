import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { isDuplicateKey } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { NewSetupLink, SetupLinkDao } from './setup-link.dao'
import { setupLinkModel, type SetupLinkDocument } from './setup-link.model'

const LINK = 'link'

export class MongooseSetupLinkDao implements SetupLinkDao {
  private readonly links: mongo.Collection<SetupLinkDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    this.links = collectionOf(setupLinkModel(connection))
  }

  async replace({ startId, tokenHash, createdAt, expiresAt }: NewSetupLink): Promise<boolean> {
    const link = {
      start_id: startId,
      token_hash: tokenHash,
      created_at: createdAt,
      expires_at: expiresAt,
      held_until: null,
    }
    try {
      // Where the filter misses a link of this very start, the upsert meets its id.
      await this.within(
        this.links.updateOne({ _id: LINK, start_id: { $ne: startId } }, { $set: link }, { upsert: true }),
      )
      return true
    } catch (error) {
      if (isDuplicateKey(error, '_id')) return false
      throw error
    }
  }

  async take(tokenHash: string, now: Date, heldUntil: Date, holder: string): Promise<boolean> {
    const free = { $or: [{ held_until: null }, { held_until: { $lte: now } }, { held_by: holder }] }
    const { matchedCount } = await this.within(
      this.links.updateOne(
        { _id: LINK, token_hash: tokenHash, expires_at: { $gt: now }, ...free },
        { $set: { held_until: heldUntil, held_by: holder } },
      ),
    )
    return matchedCount === 1
  }

  async giveBack(tokenHash: string): Promise<void> {
    await this.within(this.links.updateOne({ _id: LINK, token_hash: tokenHash }, { $set: { held_until: null } }))
  }

  async remove(): Promise<void> {
    await this.within(this.links.deleteOne({ _id: LINK }))
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
