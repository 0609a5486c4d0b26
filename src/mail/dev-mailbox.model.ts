import { type Connection, type Model, type mongo, Schema } from 'mongoose'

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
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'dev_mailbox' },
  )
  schema.index({ sent_at: 1 }, { expireAfterSeconds: KEPT_S })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function keptMailModel(connection: Connection): Model<KeptMailDocument> {
  const known = connection.models['KeptMail'] as Model<KeptMailDocument> | undefined
  return known ?? connection.model<KeptMailDocument>('KeptMail', keptMailSchema())
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureMailboxIndexes(connection: Connection): Promise<void> {
  await keptMailModel(connection).createIndexes()
}
