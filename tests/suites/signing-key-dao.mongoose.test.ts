import type { Connection } from 'mongoose'
import { ensureSigningKeyIndexes, signingKeyModel } from '../../src/auth/signing-key.model'
import { MongooseSigningKeyDao } from '../../src/auth/signing-key.mongoose-dao'
import { connectMongo } from '../../src/mongo/connect'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { describeSigningKeyDao } from './signing-key-dao.suite'

const DEADLINE_MS = 10_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 10 })
  await ensureSigningKeyIndexes(connection)
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describeSigningKeyDao('MongoDB', async () => {
  await signingKeyModel(connection).collection.deleteMany({})
  return { dao: new MongooseSigningKeyDao(connection, DEADLINE_MS), close: async () => undefined }
})
