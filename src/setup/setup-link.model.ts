import { type Connection, type Model, Schema } from 'mongoose'

/** Collection `setup_links`: one document at most. */
export interface SetupLinkDocument {
  readonly _id: string
  readonly start_id: string
  /** SHA-256 of the token, in hex: whoever reads the store cannot use the link. */
  readonly token_hash: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly held_until: Date | null
}

const OPTIONS = { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false } as const

/** The model of a connection; asked for twice, it is the same. */
export function setupLinkModel(connection: Connection): Model<SetupLinkDocument> {
  const known = connection.models['SetupLink'] as Model<SetupLinkDocument> | undefined
  return known ?? connection.model<SetupLinkDocument>('SetupLink', setupLinkSchema())
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
  }
  const schema = new Schema<SetupLinkDocument>(fields, { ...OPTIONS, collection: 'setup_links' })
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}
