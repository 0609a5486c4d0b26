import { type Connection, type Model, Schema } from 'mongoose'

/** The attempts at one account, or from one address, in collection `login_attempts`. */
export interface AttemptDocument {
  /** A digest: it names nobody. */
  readonly _id: string
  readonly failures: number
  /** Attempts that were let through and whose outcome is not known. */
  readonly under_way: number
  readonly window_ends_at: Date
  readonly locked_until: Date
  /** Locks one after the other, without a quiet time between. */
  readonly locks: number
  readonly locks_forgotten_at: Date
  /** What the last step has decided. */
  readonly decision: 'admitted' | 'refused' | 'counted' | 'locked'
  readonly purge_at: Date
}

const date = { type: Date, required: true }
const count = { type: Number, required: true }

function attemptSchema(): Schema<AttemptDocument> {
  const schema = new Schema<AttemptDocument>(
    {
      _id: String,
      failures: count,
      under_way: count,
      window_ends_at: date,
      locked_until: date,
      locks: count,
      locks_forgotten_at: date,
      decision: String,
      purge_at: date,
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'login_attempts' },
  )
  schema.index({ purge_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function attemptModel(connection: Connection): Model<AttemptDocument> {
  const known = connection.models['LoginAttempt'] as Model<AttemptDocument> | undefined
  return known ?? connection.model<AttemptDocument>('LoginAttempt', attemptSchema())
}
