import type { Connection, Model, mongo, Schema } from 'mongoose'

/**
 * What every schema says: an unknown field is an error and not left out, there is no `__v`, and neither collections nor
 * indexes are made behind our back.
 */
export const SCHEMA_OPTIONS = { strict: 'throw', versionKey: false, autoIndex: false, autoCreate: false } as const

/** The model of a connection; asked for twice, it is the same. */
export function modelOf<T>(connection: Connection, name: string, makeSchema: () => Schema<T>): Model<T> {
  const known = connection.models[name] as Model<T> | undefined
  return known ?? connection.model<T>(name, makeSchema())
}

/** The driver's own collection below a model: DAOs ask it, without mongoose in between. */
export function collectionOf<T extends mongo.Document>(model: Model<T>): mongo.Collection<T> {
  return model.collection as unknown as mongo.Collection<T>
}
