import type { Connection, mongo } from 'mongoose'
import { collectionOf } from '../mongo/model'
import { isDuplicateKey, upserting } from '../mongo/mongo-errors'
import { storeCall } from '../mongo/store-call'
import type { Authenticator, MfaDao } from './mfa.dao'
import { type AuthenticatorDocument, authenticatorModel } from './mfa.model'

const ACTIVE = { activated_at: { $type: 'date' } } as const

export class MongooseMfaDao implements MfaDao {
  private readonly authenticators: mongo.Collection<AuthenticatorDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
  ) {
    const model = authenticatorModel(connection)
    this.authenticators = collectionOf(model)
  }

  async find(userId: string): Promise<Authenticator | undefined> {
    const found = await this.within(this.authenticators.findOne({ _id: userId }))
    if (!found) return undefined
    const { _id: user_id, ...rest } = found
    return { user_id, ...rest }
  }

  async begin({ user_id: _id, recovery_codes, ...rest }: Authenticator): Promise<boolean> {
    const fresh = { ...rest, recovery_codes: [...recovery_codes] }
    const inactive = { _id, activated_at: null }
    try {
      await upserting(() => this.within(this.authenticators.replaceOne(inactive, fresh, { upsert: true })))
      return true
    } catch (error) {
      // There is one that the condition does not match: it is active.
      if (isDuplicateKey(error, '_id')) return false
      throw error
    }
  }

  async activate(
    userId: string,
    secret: string,
    { activated_at, last_step, recovery_codes }: Pick<Authenticator, 'activated_at' | 'last_step' | 'recovery_codes'>,
  ): Promise<boolean> {
    const active = { activated_at, last_step, recovery_codes: [...recovery_codes], expires_at: null }
    return this.changed({ _id: userId, secret, activated_at: null }, { $set: active })
  }

  async useStep(userId: string, secret: string, step: number): Promise<boolean> {
    return this.changed({ _id: userId, secret, ...ACTIVE, last_step: { $lt: step } }, { $set: { last_step: step } })
  }

  async useRecoveryCode(userId: string, hash: string): Promise<boolean> {
    return this.changed({ _id: userId, ...ACTIVE, recovery_codes: hash }, { $pull: { recovery_codes: hash } })
  }

  async replaceRecoveryCodes(userId: string, hashes: readonly string[]): Promise<boolean> {
    return this.changed({ _id: userId, ...ACTIVE }, { $set: { recovery_codes: [...hashes] } })
  }

  async removeActive(userId: string): Promise<boolean> {
    const { deletedCount } = await this.within(this.authenticators.deleteOne({ _id: userId, ...ACTIVE }))
    return deletedCount === 1
  }

  async removeAny(userId: string): Promise<void> {
    await this.within(this.authenticators.deleteOne({ _id: userId }))
  }

  private async changed(
    filter: mongo.Filter<AuthenticatorDocument>,
    update: mongo.UpdateFilter<AuthenticatorDocument>,
  ): Promise<boolean> {
    return (await this.within(this.authenticators.updateOne(filter, update))).matchedCount === 1
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
