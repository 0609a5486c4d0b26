import { type Connection, type Model, Schema } from 'mongoose'
import type { Authenticator } from './mfa.dao'

/** An authenticator in MongoDB, collection `authenticators`: its key is its user. */
export interface AuthenticatorDocument extends Omit<Authenticator, 'user_id' | 'recovery_codes'> {
  readonly _id: string
  readonly recovery_codes: string[]
}

function authenticatorSchema(): Schema<AuthenticatorDocument> {
  const schema = new Schema<AuthenticatorDocument>(
    {
      _id: { type: String, required: true },
      secret: { type: String, required: true },
      created_at: { type: Date, required: true },
      activated_at: { type: Date, default: null },
      expires_at: { type: Date, default: null },
      last_step: { type: Number, required: true },
      recovery_codes: { type: [String], required: true },
    },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: 'authenticators' },
  )
  // null is no date: what is active stays.
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function authenticatorModel(connection: Connection): Model<AuthenticatorDocument> {
  const known = connection.models['Authenticator'] as Model<AuthenticatorDocument> | undefined
  return known ?? connection.model<AuthenticatorDocument>('Authenticator', authenticatorSchema())
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureMfaIndexes(connection: Connection): Promise<void> {
  await authenticatorModel(connection).createIndexes()
}
