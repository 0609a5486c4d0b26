import { type Connection, type Model, Schema } from 'mongoose'

/** How often something was done in the present window: the document of rate-limiter-flexible, collection `rate_counts`. */
export interface RateCountDocument {
  readonly key: string
  readonly points: number
  readonly expire: Date
}

export const RATE_COUNTS = 'rate_counts'

function rateCountSchema(): Schema<RateCountDocument> {
  const schema = new Schema<RateCountDocument>(
    { key: String, points: Number, expire: Date },
    { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false, collection: RATE_COUNTS },
  )
  // Counting relies on it: the library inserts, and counts up where the key is there already.
  schema.index({ key: 1 }, { unique: true })
  schema.index({ expire: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** The model of a connection; asked for twice, it is the same. */
export function rateCountModel(connection: Connection): Model<RateCountDocument> {
  const known = connection.models['RateCount'] as Model<RateCountDocument> | undefined
  return known ?? connection.model<RateCountDocument>('RateCount', rateCountSchema())
}
