import { type Connection, type Model, Schema } from 'mongoose'
import type { SigningKey } from './signing-key.dao'

/** A signing key in MongoDB, collection `signing_keys`. */
export interface SigningKeyDocument extends Omit<SigningKey, 'id'> {
  readonly _id: string
  readonly changed_at: Date
  /** When the document goes; absent while the key is in use. */
  readonly purge_at?: Date
}

function signingKeySchema(): Schema<SigningKeyDocument> {
  const schema = new Schema<SigningKeyDocument>(
    {
      _id: { type: String, required: true },
      number: { type: Number, required: true },
      public_jwk: { type: Schema.Types.Mixed, required: true },
      private_jwk: { type: String, required: true },
      created_at: { type: Date, required: true },
      signs_from: { type: Date, required: true },
      retires_at: { type: Date, default: null },
      changed_at: { type: Date, required: true },
      purge_at: Date,
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'signing_keys' },
  )
  schema.index({ number: 1 }, { unique: true })
  schema.index({ purge_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function signingKeyModel(connection: Connection): Model<SigningKeyDocument> {
  const known = connection.models['SigningKey'] as Model<SigningKeyDocument> | undefined
  return known ?? connection.model<SigningKeyDocument>('SigningKey', signingKeySchema())
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureSigningKeyIndexes(connection: Connection): Promise<void> {
  await signingKeyModel(connection).createIndexes()
}
