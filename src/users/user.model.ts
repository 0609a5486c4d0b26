import { type Connection, type Model, type mongo, Schema } from 'mongoose'
import { SCHEMA_OPTIONS, collectionOf, modelOf } from '../mongo/model'
import type { Grant, SortKeys, User } from './user'

/** A user in MongoDB: collection `users` holds the living alone, so its lists and its count need no condition. */
export interface UserDocument extends Omit<User, 'id' | 'grants'> {
  readonly _id: mongo.ObjectId
  readonly password_hash: string | null
  readonly grants: Grant[]
  /** When the first of the grants ends; it may lie early, never late. */
  readonly grants_end_at: Date | null
  readonly sort_keys: SortKeys
  /** When roles, e-mail, password or is_active last changed; absent: not since the user was created. */
  readonly access_changed_at?: Date
  /** Sessions that were begun or renewed before are over; absent: none was ended so. */
  readonly sessions_not_before?: Date
  /** Of the effect under which the password was last chosen with a mailed token; absent: it had no name. */
  readonly chosen_under?: string
}

/** A deleted user, whole: it can come back until `purge_at`. */
export interface DeletedUserDocument extends UserDocument {
  readonly deleted_at: Date
  readonly purge_at: Date
  /** Its e-mail, while nobody else may have it; absent: the e-mail is free. */
  readonly reserved_email?: string
}

/**
 * The sweep purges what is due, with all else that is held on the person. Where no process runs to do so, the store
 * itself takes the user away so many seconds later.
 */
const PURGE_BACKSTOP_S = 7 * 24 * 60 * 60

/** A purged user, for as long as a process may still know what it was allowed to do. */
export interface PurgedUserDocument {
  readonly _id: mongo.ObjectId
  readonly purged_at: Date
}

/** Far longer than processes keep such knowledge after a change. */
const PURGED_KEPT_S = 300

export interface UserModels {
  readonly users: Model<UserDocument>
  readonly deleted: Model<DeletedUserDocument>
  readonly purged: Model<PurgedUserDocument>
}

const grant = new Schema<Grant>(
  {
    role: { type: String, required: true },
    granted_at: { type: Date, required: true },
    expires_at: { type: Date, default: null },
  },
  { _id: false },
)

const fields = {
  name: { type: String, required: true },
  first_name: { type: String, default: null },
  last_name: { type: String, default: null },
  name_derived: { type: Boolean, required: true },
  email: { type: String, required: true },
  email_verified: { type: Boolean, required: true },
  has_password: { type: Boolean, required: true },
  password_hash: { type: String, default: null },
  age: { type: Number, default: null },
  is_active: { type: Boolean, required: true },
  grants: { type: [grant], required: true },
  grants_end_at: { type: Date, default: null },
  metadata: { type: Schema.Types.Mixed, required: true },
  created_at: { type: Date, required: true },
  updated_at: { type: Date, required: true },
  version: { type: Number, required: true },
  sort_keys: {
    type: new Schema<SortKeys>({ name: String, first_name: String, last_name: String, age: Number }, { _id: false }),
    required: true,
  },
  access_changed_at: Date,
  sessions_not_before: Date,
  chosen_under: String,
}

/** `minimize: false`: an empty metadata document is kept. */
const OPTIONS = { ...SCHEMA_OPTIONS, minimize: false } as const

function userSchema(): Schema<UserDocument> {
  const schema = new Schema<UserDocument>(fields, { ...OPTIONS, collection: 'users' })
  schema.index({ email: 1 }, { unique: true })
  // One for each order, with the id that breaks its ties: read forwards or backwards.
  schema.index({ created_at: 1, _id: 1 })
  schema.index({ updated_at: 1, _id: 1 })
  schema.index({ 'sort_keys.name': 1, _id: 1 })
  schema.index({ 'sort_keys.first_name': 1, _id: 1 })
  schema.index({ 'sort_keys.last_name': 1, _id: 1 })
  schema.index({ 'sort_keys.age': 1, _id: 1 })
  // The commonest filters, newest first.
  schema.index({ 'grants.role': 1, created_at: 1, _id: 1 })
  schema.index({ is_active: 1, created_at: 1, _id: 1 })
  // The few whose grants end: how many holders a role has without those that ended.
  schema.index({ grants_end_at: 1 })
  // Every process asks all the time whose access has changed just now.
  schema.index({ access_changed_at: 1 }, { sparse: true })
  return schema
}

function deletedUserSchema(): Schema<DeletedUserDocument> {
  const dates = {
    deleted_at: { type: Date, required: true },
    purge_at: { type: Date, required: true },
    reserved_email: String,
  }
  const schema = new Schema<DeletedUserDocument>({ ...fields, ...dates }, { ...OPTIONS, collection: 'deleted_users' })
  schema.index({ purge_at: 1 }, { expireAfterSeconds: PURGE_BACKSTOP_S })
  schema.index({ reserved_email: 1 }, { sparse: true })
  schema.index({ deleted_at: 1 })
  schema.index({ 'grants.role': 1 })
  return schema
}

function purgedUserSchema(): Schema<PurgedUserDocument> {
  const dates = { purged_at: { type: Date, required: true } }
  const schema = new Schema<PurgedUserDocument>(dates, { ...OPTIONS, collection: 'purged_users' })
  schema.index({ purged_at: 1 }, { expireAfterSeconds: PURGED_KEPT_S })
  return schema
}

/** The models of a connection; asked for twice, they are the same. */
export function userModels(connection: Connection): UserModels {
  return { users: usersOf(connection), deleted: deletedUsersOf(connection), purged: purgedUsersOf(connection) }
}

function usersOf(connection: Connection): Model<UserDocument> {
  return modelOf(connection, 'User', userSchema)
}

function deletedUsersOf(connection: Connection): Model<DeletedUserDocument> {
  return modelOf(connection, 'DeletedUser', deletedUserSchema)
}

function purgedUsersOf(connection: Connection): Model<PurgedUserDocument> {
  return modelOf(connection, 'PurgedUser', purgedUserSchema)
}

/** Builds what is missing; every process may do so at once, at each start. */
export async function ensureUserIndexes(connection: Connection): Promise<void> {
  const { users, deleted, purged } = userModels(connection)
  await users.createIndexes()
  await dropFormerBackstop(collectionOf(deleted))
  await deleted.createIndexes()
  await purged.createIndexes()
}

const NAMESPACE_NOT_FOUND = 26
const INDEX_NOT_FOUND = 27

/** The index was once made with another delay, and cannot be made anew while the former one is there. */
async function dropFormerBackstop(deleted: mongo.Collection<DeletedUserDocument>): Promise<void> {
  try {
    const former = (await deleted.indexes()).find(({ key }) => 'purge_at' in key)
    if (former?.name && former.expireAfterSeconds !== PURGE_BACKSTOP_S) await deleted.dropIndex(former.name)
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code !== NAMESPACE_NOT_FOUND && code !== INDEX_NOT_FOUND) throw error
  }
}
