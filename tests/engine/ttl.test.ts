import { setTimeout as sleep } from 'node:timers/promises'
import { type Collection, MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import type { Doc } from './use-engine'

const SWEEP_MS = 50
const GONE_MS = 5_000
const HOUR_MS = 3_600_000

let engine: Engine
let client: MongoClient
beforeAll(async () => {
  engine = await startEngine({ args: ['--ttl-interval-ms', String(SWEEP_MS)] })
  client = await MongoClient.connect(engine.uri)
})
afterAll(async () => {
  await client.close()
  await engine.stop()
})

/** The `_id`s that are left once as many are left, or when time is up. */
async function leftOver(collection: Collection<Doc>, count: number): Promise<unknown[]> {
  for (const end = Date.now() + GONE_MS; Date.now() < end && (await collection.countDocuments()) > count;)
    await sleep(SWEEP_MS)
  await sleep(4 * SWEEP_MS) // time in which it could take too many
  return (await collection.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
}

it('what has expired goes; what has not, or has no date, stays', async () => {
  const collection = client.db('ttl').collection<Doc>('dates')
  const past = new Date(Date.now() - 2 * HOUR_MS)
  await collection.createIndexes([{ key: { at: 1 }, expireAfterSeconds: HOUR_MS / 1_000 }])
  await collection.insertMany([
    { _id: 1, at: past },
    { _id: 2, at: new Date() },
    { _id: 3, at: new Date(Date.now() + HOUR_MS) },
    { _id: 4 },
    { _id: 5, at: past.getTime() },
    { _id: 6, at: '2001-01-01' },
    { _id: 7, at: [new Date(Date.now() + HOUR_MS), past] }, // the earliest date of an array counts
    { _id: 8, at: null },
  ])
  expect(await leftOver(collection, 6)).toEqual([2, 3, 4, 5, 6, 8])
  expect(await collection.find({ at: past }).hint({ at: 1 }).toArray()).toEqual([])
})

it('expireAfterSeconds of 0: at the date itself, and a later change of the date counts', async () => {
  const collection = client.db('ttl').collection<Doc>('at')
  await collection.createIndexes([{ key: { at: 1 }, expireAfterSeconds: 0 }])
  const soon = new Date(Date.now() + 1_500)
  await collection.insertMany([
    { _id: 1, at: soon },
    { _id: 2, at: soon },
  ])
  await collection.updateOne({ _id: 2 }, { $set: { at: new Date(Date.now() + HOUR_MS) } })
  expect(await collection.countDocuments()).toBe(2)
  expect(await leftOver(collection, 1)).toEqual([2])
})

it('with a partial filter only what it takes', async () => {
  const collection = client.db('ttl').collection<Doc>('partial')
  await collection.createIndexes([
    { key: { at: 1 }, expireAfterSeconds: 0, partialFilterExpression: { temporary: true } },
  ])
  const at = new Date(0)
  await collection.insertMany([
    { _id: 1, at, temporary: true },
    { _id: 2, at, temporary: false },
    { _id: 3, at },
  ])
  expect(await leftOver(collection, 2)).toEqual([2, 3])
})

it('an index over documents that have expired already takes them, and frees unique values', async () => {
  const collection = client.db('ttl').collection<Doc>('built')
  await collection.createIndexes([{ key: { key: 1 }, unique: true }])
  await collection.insertMany(Array.from({ length: 500 }, (_, _id) => ({ _id, key: _id, at: new Date(0) })))
  await collection.createIndexes([{ key: { at: 1 }, expireAfterSeconds: 0 }])
  expect(await leftOver(collection, 0)).toEqual([])
  await collection.insertOne({ _id: 1_000, key: 0 })
  expect(await collection.find({ key: 0 }).toArray()).toEqual([{ _id: 1_000, key: 0 }])
})
