import { type Connection, type Model, Schema } from 'mongoose'
import type { Confirmation, EmailChange } from './email-change.dao'

/** A change of e-mail in MongoDB, collection `email_changes`: its key is its user. */
export interface EmailChangeDocument extends Omit<EmailChange, 'user_id'> {
  readonly _id: string
}

const confirmation = () =>
  new Schema<Confirmation>(
    { hash: { type: String, required: true }, confirmed_at: { type: Date, default: null } },
    { _id: false },
  )

function emailChangeSchema(): Schema<EmailChangeDocument> {
  const schema = new Schema<EmailChangeDocument>(
    {
      _id: { type: String, required: true },
      from: { type: String, required: true },
      to: { type: String, required: true },
      old: { type: confirmation(), required: true },
      new: { type: confirmation(), required: true },
      created_at: { type: Date, required: true },
      expires_at: { type: Date, required: true },
    },
    {
      strict: 'throw',
      versionKey: false,
      autoIndex: false,
      autoCreate: false,
      suppressReservedKeysWarning: true,
      collection: 'email_changes',
    },
  )
  schema.index({ 'old.hash': 1 }, { unique: true })
  schema.index({ 'new.hash': 1 }, { unique: true })
  schema.index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function emailChangeModel(connection: Connection): Model<EmailChangeDocument> {
  const known = connection.models['EmailChange'] as Model<EmailChangeDocument> | undefined
  return known ?? connection.model<EmailChangeDocument>('EmailChange', emailChangeSchema())
}
