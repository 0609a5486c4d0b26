import { MongoClient, ObjectId } from 'mongodb'
import mongoose from 'mongoose'
import { sortKeysOf } from '../src/users/user'
import { ensureUserIndexes, type UserDocument } from '../src/users/user.model'

const BATCH_DOCUMENTS = 1_000
/** bcrypt, cost 10, of Password@123 */
const PASSWORD_HASH = '$2b$10$PrzSPyW7jb6CS/y8LeaA6OSdseRISm8ZGB3kNgBou3TmY2x3MRDZu'
const FIRST_CREATED_AT = Date.UTC(2024, 0, 1)
const APART_MS = 60_000

/** User number `n` as the service keeps it. */
export function userDocument(n: number): UserDocument {
  const at = new Date(FIRST_CREATED_AT + n * APART_MS)
  // Scattered, so that the order of a name is not the order of insertion.
  const scattered = (n * 7_919) % 1_000_003
  const names = { name: `User ${scattered}`, first_name: 'User', last_name: String(scattered), age: 1 + (n % 150) }
  return {
    _id: new ObjectId(),
    ...names,
    name_derived: true,
    email: `user${n}@example.com`,
    email_verified: false,
    has_password: true,
    password_hash: PASSWORD_HASH,
    is_active: true,
    grants: [{ role: 'CLIENT', granted_at: at, expires_at: null }],
    grants_end_at: null,
    metadata: {},
    created_at: at,
    updated_at: at,
    version: 1,
    sort_keys: sortKeysOf(names),
  }
}

/** Fills an empty database, straight through the driver, with the service's own indexes. */
export async function seedUsers(uri: string, count: number): Promise<void> {
  const connection = await mongoose.createConnection(uri).asPromise()
  await ensureUserIndexes(connection).finally(() => connection.close())
  const client = await MongoClient.connect(uri)
  try {
    const users = client.db().collection<UserDocument>('users')
    for (let from = 0; from < count; from += BATCH_DOCUMENTS) {
      const batch = Array.from({ length: Math.min(BATCH_DOCUMENTS, count - from) }, (_, i) => userDocument(from + i))
      await users.insertMany(batch, { ordered: false })
    }
  } finally {
    await client.close()
  }
}
