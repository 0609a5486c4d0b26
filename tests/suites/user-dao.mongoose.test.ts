import type { Connection } from 'mongoose'
import { connectMongo } from '../../src/mongo/connect'
import { ensureUserIndexes, userModels } from '../../src/users/user.model'
import { MongooseUserDao } from '../../src/users/user.mongoose-dao'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { describeUserDao } from './user-dao.suite'

const DEADLINE_MS = 10_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 10 })
  await ensureUserIndexes(connection)
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describeUserDao('MongoDB', async () => {
  const { users, deleted } = userModels(connection)
  await users.collection.deleteMany({})
  await deleted.collection.deleteMany({})
  return { dao: new MongooseUserDao(connection, DEADLINE_MS), close: async () => undefined }
})
