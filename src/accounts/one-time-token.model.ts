import { type Connection, type Model, Schema } from 'mongoose'
import type { StoredToken } from './one-time-token.dao'

/** A token in MongoDB, collection `one_time_tokens`: its key is its purpose and its user. */
export interface OneTimeTokenDocument extends StoredToken {
  readonly _id: string
}

function oneTimeTokenSchema(): Schema<OneTimeTokenDocument> {
  const schema = new Schema<OneTimeTokenDocument>(
    {
      _id: { type: String, required: true },
      user_id: { type: String, required: true },
      purpose: { type: String, required: true },
      email: { type: String, required: true },
      hash: { type: String, required: true },
      created_at: { type: Date, required: true },
      expires_at: { type: Date, required: true },
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'one_time_tokens' },
  )
  schema.index({ hash: 1 }, { unique: true })
  schema.index({ user_id: 1 })
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function oneTimeTokenModel(connection: Connection): Model<OneTimeTokenDocument> {
  const known = connection.models['OneTimeToken'] as Model<OneTimeTokenDocument> | undefined
  return known ?? connection.model<OneTimeTokenDocument>('OneTimeToken', oneTimeTokenSchema())
}
