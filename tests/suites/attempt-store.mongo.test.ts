import type { Connection } from 'mongoose'
import { attemptModel } from '../../src/limits/attempt.model'
import { MongoAttemptStore } from '../../src/limits/attempt.mongo-store'
import { connectMongo } from '../../src/mongo/connect'
import { testDatabase, type TestDatabase } from '../support/mongo'
import { describeAttemptStore } from './attempt-store.suite'

const DEADLINE_MS = 5_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: DEADLINE_MS, poolSize: 20 })
  await attemptModel(connection).createIndexes()
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

describeAttemptStore('in MongoDB', () => new MongoAttemptStore(connection, DEADLINE_MS))

it('documents end by themselves, when window, lock and quiet time are over', async () => {
  const store = new MongoAttemptStore(connection, DEADLINE_MS)
  const rules = { max: 1, windowMs: 1_000, forgiving: true, lock: { firstMs: 2_000, maxMs: 2_000, quietMs: 3_000 } }
  const now = new Date('2040-01-01T12:00:00.000Z')
  const purgeAt = async () =>
    (await attemptModel(connection).collection.findOne({ _id: 'ends' as never }))?.['purge_at']
  await store.reserve('ends', rules, now)
  expect(await purgeAt()).toEqual(new Date('2040-01-01T12:00:01.000Z'))
  expect(await store.settle('ends', rules, 'failed', now)).toBe(true)
  expect(await purgeAt()).toEqual(new Date('2040-01-01T12:00:05.000Z'))
  const indexes = await attemptModel(connection).collection.indexes()
  expect(indexes).toContainEqual(expect.objectContaining({ key: { purge_at: 1 }, expireAfterSeconds: 0 }))
})
