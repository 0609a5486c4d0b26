import { type Connection, type Model, Schema } from 'mongoose'
import type { ApiKey } from './api-key'

/** An API key in MongoDB, collection `api_keys`. */
export interface ApiKeyDocument extends Omit<ApiKey, 'id' | 'permissions'> {
  readonly _id: string
  readonly permissions: string[]
  /** One of the places for keys that a person has. Absent: revoked. */
  readonly slot?: number
  readonly purge_at: Date | null
}

function apiKeySchema(): Schema<ApiKeyDocument> {
  const schema = new Schema<ApiKeyDocument>(
    {
      _id: { type: String, required: true },
      user_id: { type: String, required: true },
      name: { type: String, required: true },
      permissions: { type: [String], required: true },
      hash: { type: String, required: true },
      created_at: { type: Date, required: true },
      expires_at: { type: Date, default: null },
      last_used_at: { type: Date, default: null },
      revoked_at: { type: Date, default: null },
      slot: Number,
      purge_at: { type: Date, default: null },
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'api_keys' },
  )
  // Bounds the number of a person's keys: there is no slot beyond the last.
  schema.index({ user_id: 1, slot: 1 }, { unique: true, partialFilterExpression: { slot: { $type: 'number' } } })
  schema.index({ user_id: 1, created_at: -1 })
  // Every process asks all the time which keys were revoked just now.
  schema.index({ revoked_at: 1 })
  schema.index({ purge_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function apiKeyModel(connection: Connection): Model<ApiKeyDocument> {
  const known = connection.models['ApiKey'] as Model<ApiKeyDocument> | undefined
  return known ?? connection.model<ApiKeyDocument>('ApiKey', apiKeySchema())
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureApiKeyIndexes(connection: Connection): Promise<void> {
  await apiKeyModel(connection).createIndexes()
}
