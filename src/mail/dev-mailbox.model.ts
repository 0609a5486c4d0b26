import { type Connection, type Model, type mongo, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, modelOf } from '../mongo/model'

/** A mail that was not sent but kept, collection `dev_mailbox`: never in production. */
export interface KeptMailDocument {
  readonly _id: mongo.ObjectId
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly sent_at: Date
}

const KEPT_S = 3_600

function keptMailSchema(): Schema<KeptMailDocument> {
  const schema = new Schema<KeptMailDocument>(
    {
      to: { type: String, required: true },
      subject: { type: String, required: true },
      text: { type: String, required: true },
      sent_at: { type: Date, required: true },
    },
    { ...SCHEMA_OPTIONS, collection: 'dev_mailbox' },
  )
  schema.index({ sent_at: 1 }, { expireAfterSeconds: KEPT_S })
  return schema
}

export function keptMailModel(connection: Connection): Model<KeptMailDocument> {
  return modelOf(connection, 'KeptMail', keptMailSchema)
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureMailboxIndexes(connection: Connection): Promise<void> {
  await keptMailModel(connection).createIndexes()
}
