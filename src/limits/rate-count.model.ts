import { type Connection, type Model, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, modelOf } from '../mongo/model'

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
    { ...SCHEMA_OPTIONS, collection: RATE_COUNTS },
  )
  // Counting relies on it: the library inserts, and counts up where the key is there already.
  schema.index({ key: 1 }, { unique: true })
  schema.index({ expire: 1 }, { expireAfterSeconds: 0 })
  return schema
}

export function rateCountModel(connection: Connection): Model<RateCountDocument> {
  return modelOf(connection, 'RateCount', rateCountSchema)
}
