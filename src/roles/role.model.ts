import { type Connection, type Model, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, modelOf } from '../mongo/model'
import type { Role } from './role'

/** A role in MongoDB, collection `roles`: its name is its key. */
export interface RoleDocument extends Omit<Role, 'permissions'> {
  readonly _id: string
  readonly permissions: string[]
  /** Lower-cased name and description, for the search. */
  readonly search: string
}

function roleSchema(): Schema<RoleDocument> {
  const schema = new Schema<RoleDocument>(
    {
      _id: { type: String, required: true },
      name: { type: String, required: true },
      description: { type: String, default: '' },
      permissions: { type: [String], required: true },
      is_system: { type: Boolean, required: true },
      created_at: { type: Date, required: true },
      updated_at: { type: Date, required: true },
      version: { type: Number, required: true },
      leaving: { type: Boolean, required: true },
      search: { type: String, default: '' },
    },
    { ...SCHEMA_OPTIONS, collection: 'roles' },
  )
  schema.index({ name: 1, _id: 1 })
  schema.index({ created_at: 1, _id: 1 })
  schema.index({ updated_at: 1, _id: 1 })
  schema.index({ permissions: 1, name: 1, _id: 1 })
  return schema
}

export function roleModel(connection: Connection): Model<RoleDocument> {
  return modelOf(connection, 'Role', roleSchema)
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureRoleIndexes(connection: Connection): Promise<void> {
  await roleModel(connection).createIndexes()
}
