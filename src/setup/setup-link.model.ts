import { type Connection, type Model, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, modelOf } from '../mongo/model'

/** Collection `setup_links`: one document at most. */
export interface SetupLinkDocument {
  readonly _id: string
  readonly start_id: string
  /** SHA-256 of the token, in hex: whoever reads the store cannot use the link. */
  readonly token_hash: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly held_until: Date | null
  /** Under which name; absent: nobody had it yet. */
  readonly held_by?: string
}

export function setupLinkModel(connection: Connection): Model<SetupLinkDocument> {
  return modelOf(connection, 'SetupLink', setupLinkSchema)
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureSetupIndexes(connection: Connection): Promise<void> {
  await setupLinkModel(connection).createIndexes()
}

function setupLinkSchema(): Schema<SetupLinkDocument> {
  const fields = {
    _id: { type: String, required: true },
    start_id: { type: String, required: true },
    token_hash: { type: String, required: true },
    created_at: { type: Date, required: true },
    expires_at: { type: Date, required: true },
    held_until: { type: Date, default: null },
    held_by: String,
  }
  const schema = new Schema<SetupLinkDocument>(fields, { ...SCHEMA_OPTIONS, collection: 'setup_links' })
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}
