import type { Connection } from 'mongoose'
import { ensureSessionIndexes, sessionModel } from '../../src/auth/session.model'
import { MongooseSessionDao } from '../../src/auth/session.mongoose-dao'
import { connectMongo } from '../../src/mongo/connect'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { describeSessionDao } from './session-dao.suite'

const DEADLINE_MS = 10_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 10 })
  await ensureSessionIndexes(connection)
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describeSessionDao('MongoDB', async () => {
  await sessionModel(connection).collection.deleteMany({})
  return { dao: new MongooseSessionDao(connection, DEADLINE_MS), close: async () => undefined }
})
