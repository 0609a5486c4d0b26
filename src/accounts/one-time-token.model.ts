import { type Connection, type Model, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, modelOf } from '../mongo/model'
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
    { ...SCHEMA_OPTIONS, collection: 'one_time_tokens' },
  )
  schema.index({ hash: 1 }, { unique: true })
  schema.index({ user_id: 1 })
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

export function oneTimeTokenModel(connection: Connection): Model<OneTimeTokenDocument> {
  return modelOf(connection, 'OneTimeToken', oneTimeTokenSchema)
}
