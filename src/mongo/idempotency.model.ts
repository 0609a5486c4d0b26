import { type Connection, type Model, Schema } from 'mongoose'
import { modelOf, SCHEMA_OPTIONS } from './model'

/** A request by its key, in collection `idempotency`. */
export interface IdempotencyDocument {
  /** A digest of the caller and its key: it names nobody. */
  readonly _id: string
  readonly fingerprint: string
  /** The id of what the request makes. */
  readonly effect_id: string
  readonly began_at: Date
  /** The attempt at work, and until when it keeps others out. */
  readonly owner: string
  readonly lease_until: Date
  /** Absent: there is no answer yet. */
  readonly reply?: {
    readonly status: number
    readonly message: string
    readonly headers: Readonly<Record<string, string>>
    readonly data_json: string
  }
  /** Of an attempt at work: whose token it uses up. */
  readonly holder?: { readonly user_id: string; readonly email: string }
  /** The id that the answer shows, or the holder's, to find it by. */
  readonly subject?: string
  readonly purge_at: Date
}

const text = { type: String, required: true }
const date = { type: Date, required: true }

function idempotencySchema(): Schema<IdempotencyDocument> {
  const schema = new Schema<IdempotencyDocument>(
    {
      _id: String,
      fingerprint: text,
      effect_id: text,
      began_at: date,
      owner: text,
      lease_until: date,
      reply: Object,
      holder: Object,
      subject: String,
      purge_at: date,
    },
    { ...SCHEMA_OPTIONS, collection: 'idempotency' },
  )
  schema.index({ purge_at: 1 }, { expireAfterSeconds: 0 })
  schema.index({ subject: 1 }, { sparse: true })
  return schema
}

export function idempotencyModel(connection: Connection): Model<IdempotencyDocument> {
  return modelOf(connection, 'Idempotency', idempotencySchema)
}

/** Every process may do so at once, at each start. */
export async function ensureIdempotencyIndexes(connection: Connection): Promise<void> {
  await idempotencyModel(connection).createIndexes()
}
