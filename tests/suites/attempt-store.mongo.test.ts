import { attemptModel } from '../../src/limits/attempt.model'
import { MongoAttemptStore } from '../../src/limits/attempt.mongo-store'
import { DEADLINE_MS, testConnection } from '../support/test-connection'
import { describeAttemptStore } from './attempt-store.suite'

const connection = testConnection((each) => attemptModel(each).createIndexes())

describeAttemptStore('in MongoDB', () => new MongoAttemptStore(connection(), DEADLINE_MS))

it('documents end by themselves, when window, lock and quiet time are over', async () => {
  const store = new MongoAttemptStore(connection(), DEADLINE_MS)
  const rules = { max: 1, windowMs: 1_000, forgiving: true, lock: { firstMs: 2_000, maxMs: 2_000, quietMs: 3_000 } }
  const now = new Date('2040-01-01T12:00:00.000Z')
  const purgeAt = async () =>
    (await attemptModel(connection()).collection.findOne({ _id: 'ends' as never }))?.['purge_at']
  await store.reserve('ends', rules, now)
  expect(await purgeAt()).toEqual(new Date('2040-01-01T12:00:01.000Z'))
  expect(await store.settle('ends', rules, 'failed', now)).toBe(true)
  expect(await purgeAt()).toEqual(new Date('2040-01-01T12:00:05.000Z'))
  const indexes = await attemptModel(connection()).collection.indexes()
  expect(indexes).toContainEqual(expect.objectContaining({ key: { purge_at: 1 }, expireAfterSeconds: 0 }))
})
