import { type Connection, type Model, Schema } from 'mongoose'
import type { PastGeneration, RefreshState } from './refresh-token'
import type { StoredSession } from './session.dao'

/** A session in MongoDB, collection `sessions`. */
export interface SessionDocument extends Omit<StoredSession, 'id' | 'amr'> {
  readonly _id: string
  readonly amr: string[]
  /** Absent while it lasts; set once. */
  readonly ended_at?: Date
  /** When the document goes. */
  readonly purge_at: Date
}

const pastGeneration = new Schema<PastGeneration>(
  {
    generation: { type: Number, required: true },
    hash: { type: String, required: true },
    salt: { type: String, required: true },
    rotated_at: { type: Date, required: true },
  },
  { _id: false },
)

const refresh = new Schema<RefreshState>(
  {
    tag_key: { type: String, required: true },
    generation: { type: Number, required: true },
    hash: { type: String, required: true },
    history: { type: [pastGeneration], required: true },
  },
  { _id: false },
)

function sessionSchema(): Schema<SessionDocument> {
  const schema = new Schema<SessionDocument>(
    {
      _id: { type: String, required: true },
      user_id: { type: String, required: true },
      created_at: { type: Date, required: true },
      renewed_at: { type: Date, required: true },
      authenticated_at: { type: Date, required: true },
      last_used_at: { type: Date, required: true },
      expires_at: { type: Date, required: true },
      purge_at: { type: Date, required: true },
      ended_at: Date,
      user_agent: { type: String, default: null },
      address: { type: String, required: true },
      amr: { type: [String], required: true },
      refresh: { type: refresh, required: true },
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'sessions' },
  )
  schema.index({ user_id: 1, last_used_at: -1 })
  // Every process asks all the time which have ended just now.
  schema.index({ ended_at: 1 }, { sparse: true })
  schema.index({ purge_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function sessionModel(connection: Connection): Model<SessionDocument> {
  const known = connection.models['Session'] as Model<SessionDocument> | undefined
  return known ?? connection.model<SessionDocument>('Session', sessionSchema())
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureSessionIndexes(connection: Connection): Promise<void> {
  await sessionModel(connection).createIndexes()
}
