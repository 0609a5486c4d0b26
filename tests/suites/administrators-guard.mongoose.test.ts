import type { Connection } from 'mongoose'
import { LastAdminError } from '../../src/errors'
import { connectMongo } from '../../src/mongo/connect'
import { MongooseAdminGuard } from '../../src/users/administrators.mongoose-guard'
import { type User } from '../../src/users/user'
import { userModels } from '../../src/users/user.model'
import { MongooseUserDao } from '../../src/users/user.mongoose-dao'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { newUser } from './user-dao.suite'

const DEADLINE_MS = 10_000
const START = Date.UTC(2026, 2, 1)

let database: TestDatabase
let connection: Connection
let dao: MongooseUserDao
let guard: MongooseAdminGuard
let now: number
let emails = 0

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 10 })
  dao = new MongooseUserDao(connection, DEADLINE_MS)
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

beforeEach(async () => {
  await userModels(connection).users.collection.deleteMany({})
  await connection.collection('guards').deleteMany({})
  now = START
  guard = new MongooseAdminGuard(connection, DEADLINE_MS, () => new Date(now))
  await guard.ensure()
})

const admin = () =>
  dao.insert(
    newUser({
      email: `admin${(emails += 1)}@example.com`,
      grants: [{ role: 'ADMIN', granted_at: new Date(START), expires_at: null }],
    }),
    null,
  )
const demoted = (user: User): User => ({ ...user, grants: [], version: user.version + 1 })
const members = async (): Promise<string[]> => {
  const document = await connection.collection('guards').findOne({})
  return document?.['members'].map(({ id }: { id: string }) => id)
}

test('many processes may make it, and it keeps what it knows', async () => {
  const one = await admin()
  await guard.join(one.id, 1)
  await Promise.all([guard.ensure(), guard.ensure()])
  expect(await members()).toEqual([one.id])
})

test('the last one may not leave, the last but one may', async () => {
  const [one, two] = [await admin(), await admin()]
  await guard.join(one.id, 1)
  await guard.join(two.id, 1)
  await guard.join(two.id, 1)
  expect(await members()).toEqual([one.id, two.id])
  await guard.leave(one.id, 1)
  await dao.replace(demoted(one), 1)
  await expect(guard.leave(two.id, 1)).rejects.toThrow(LastAdminError)
  expect(await members()).toEqual([two.id])
})

test('of those who leave at once one remains', async () => {
  const all = [await admin(), await admin(), await admin()]
  for (const { id } of all) await guard.join(id, 1)
  const outcomes = await Promise.allSettled(all.map(({ id }) => guard.leave(id, 1)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  expect(await members()).toHaveLength(1)
})

test('administrators that it does not know are found', async () => {
  const [one, two] = [await admin(), await admin()]
  await connection.collection('guards').deleteMany({})
  await guard.leave(one.id, 1)
  expect(await members()).toEqual([two.id])
})

test('neither a late join nor a look around brings back who is leaving', async () => {
  const [one, two] = [await admin(), await admin()]
  await guard.join(one.id, 1)
  await guard.join(two.id, 1)
  await guard.leave(one.id, 1)
  await guard.join(one.id, 1)
  expect(await members()).toEqual([two.id])
  // `one` is still an administrator in the store, on its way out.
  await expect(guard.leave(two.id, 1)).rejects.toThrow(LastAdminError)
})

test('who stays is back, unless somebody else lets it go in that version', async () => {
  const [one, two] = [await admin(), await admin()]
  await guard.join(one.id, 1)
  await guard.join(two.id, 1)
  const first = await guard.leave(one.id, 1)
  const second = await guard.leave(one.id, 1)
  await guard.stay(first, 1)
  expect(await members()).toEqual([two.id])
  await guard.stay(second, 1)
  expect(await members()).toEqual([two.id, one.id])
})

test('what a crash left behind is mended, and the change it was for can no longer happen', async () => {
  const [one, two] = [await admin(), await admin()]
  await guard.join(one.id, 1)
  await guard.join(two.id, 1)
  await guard.leave(one.id, 1)
  now = START + 60_000
  await guard.leave(two.id, 1)
  expect(await members()).toEqual([one.id])
  expect(await dao.find(one.id)).toMatchObject({ version: 2 })
  expect(await dao.replace(demoted(one), 1)).toBe(false)
})
