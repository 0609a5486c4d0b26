import { type Connection, mongo } from 'mongoose'
import { collectionOf } from './model'
import type { EffectName, Holder } from '../http/effect'
import { ANSWER_KEPT_MS, LEASE_MS } from '../http/idempotency'
import type { Begun, Claim, IdempotencyStore, KeptReply } from '../http/idempotency-store'
import { type IdempotencyDocument, idempotencyModel } from './idempotency.model'
import { isDuplicateKey } from './mongo-errors'
import { storeCall } from './store-call'

/** How often a claim looks again because the record changed under it. */
const LOOKS_MAX = 5
/** In place of an attempt that has given up. */
const NOBODY = ''

/** Requests by their keys, in MongoDB: the unique `_id` decides who is first, a compare-and-set who is next. */
export class MongoIdempotencyStore implements IdempotencyStore {
  private readonly records: mongo.Collection<IdempotencyDocument>

  /** @param deadlineMs how long any one call may take, in milliseconds. */
  constructor(
    connection: Connection,
    private readonly deadlineMs: number,
    private readonly clock: () => Date,
  ) {
    this.records = collectionOf(idempotencyModel(connection))
  }

  async begin(claim: Claim): Promise<Begun> {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const begun = (await this.first(claim)) ?? (await this.next(claim))
      if (begun) return begun
    }
    return { kind: 'in_flight', waitMs: LEASE_MS }
  }

  async renew({ id, owner }: Claim): Promise<void> {
    await this.change(id, owner, { lease_until: this.later(LEASE_MS) })
  }

  async keep({ id, owner }: Claim, { dataJson, subject, status, message, headers = {} }: KeptReply): Promise<void> {
    const reply = { status, message, headers, data_json: dataJson }
    const set = { reply, ...(subject === undefined ? {} : { subject }) }
    await this.within(this.records.updateOne(atWork(id, owner), { $set: set, $unset: { holder: 1 } }))
  }

  async remember({ id, owner }: Claim, { userId, email }: Holder): Promise<void> {
    await this.change(id, owner, { holder: { user_id: userId, email }, subject: userId })
  }

  /** Nobody has it then: a sign of life that is on its way comes too late. */
  async release({ id, owner }: Claim): Promise<void> {
    await this.change(id, owner, { owner: NOBODY, lease_until: new Date(0) })
  }

  /** Takes away the answers that show this user. */
  async eraseFor(subject: string): Promise<void> {
    await this.within(this.records.deleteMany({ subject }))
  }

  private async first({ id, fingerprint, owner }: Claim): Promise<Begun | undefined> {
    const effectId = new mongo.ObjectId().toHexString()
    const since = this.clock()
    const leases = { lease_until: this.later(LEASE_MS), purge_at: this.later(ANSWER_KEPT_MS) }
    try {
      await this.within(
        this.records.insertOne({ _id: id, fingerprint, effect_id: effectId, began_at: since, owner, ...leases }),
      )
    } catch (error) {
      if (isDuplicateKey(error, '_id')) return undefined
      throw error
    }
    return { kind: 'owned', effect: { id: effectId, resumed: false, since } }
  }

  /** undefined: the record went, or somebody else was faster. */
  private async next({ id, fingerprint, owner }: Claim): Promise<Begun | undefined> {
    const found = await this.within(this.records.findOne({ _id: id }))
    if (!found) return undefined
    const now = this.clock()
    const seen = { _id: id, owner: found.owner, lease_until: found.lease_until }
    if (found.purge_at <= now) {
      // The sweep of the store comes round once a minute.
      await this.within(this.records.deleteOne({ ...seen, purge_at: found.purge_at }))
      return undefined
    }
    if (found.fingerprint !== fingerprint) return { kind: 'mismatch' }
    if (found.reply) return { kind: 'kept', reply: keptReply(found.reply, found.subject) }
    const waitMs = found.lease_until.getTime() - now.getTime()
    if (waitMs > 0) return { kind: 'in_flight', waitMs }
    const taken = { owner, lease_until: this.later(LEASE_MS) }
    const { matchedCount } = await this.within(
      this.records.updateOne({ ...seen, reply: { $exists: false } }, { $set: taken }),
    )
    if (matchedCount === 0) return undefined
    return { kind: 'owned', effect: resumed(found) }
  }

  private async change(_id: string, owner: string, set: Partial<IdempotencyDocument>): Promise<void> {
    await this.within(this.records.updateOne(atWork(_id, owner), { $set: set }))
  }

  private later(ms: number): Date {
    return new Date(this.clock().getTime() + ms)
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}

/** The record while this attempt has its lease. */
function atWork(_id: string, owner: string): mongo.Filter<IdempotencyDocument> {
  return { _id, owner, reply: { $exists: false } }
}

function resumed({ effect_id: id, began_at: since, holder }: IdempotencyDocument): EffectName {
  const remembered = holder ? { holder: { userId: holder.user_id, email: holder.email } } : {}
  return { id, resumed: true, since, ...remembered }
}

function keptReply(
  { data_json: dataJson, ...reply }: NonNullable<IdempotencyDocument['reply']>,
  subject: string | undefined,
): KeptReply {
  return { ...reply, dataJson, subject }
}
