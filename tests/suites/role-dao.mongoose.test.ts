import type { Connection } from 'mongoose'
import { connectMongo } from '../../src/mongo/connect'
import { ensureRoleIndexes, roleModel } from '../../src/roles/role.model'
import { MongooseRoleDao } from '../../src/roles/role.mongoose-dao'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { describeRoleDao } from './role-dao.suite'

const DEADLINE_MS = 10_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 10 })
  await ensureRoleIndexes(connection)
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describeRoleDao('MongoDB', async () => {
  await roleModel(connection).collection.deleteMany({})
  return { dao: new MongooseRoleDao(connection, DEADLINE_MS), close: async () => undefined }
})
