import { type Document, MongoClient } from 'mongodb'
import { useEngine } from './use-engine'

const CLIENTS = 32
const engine = useEngine()

/** Runs the work on connections of their own, all at once. */
async function inParallel(count: number, work: (client: MongoClient, n: number) => Promise<unknown>) {
  const options = { directConnection: true, maxPoolSize: 1 }
  const clients = await Promise.all(Array.from({ length: count }, () => MongoClient.connect(engine.uri, options)))
  try {
    return await Promise.allSettled(clients.map((client, n) => work(client, n)))
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}

it(`$inc by ${CLIENTS} clients loses nothing`, async () => {
  const collection = await engine.collection([{ _id: 1, n: 0 }])
  const each = 25
  const done = await inParallel(CLIENTS, async (client) => {
    const same = client.db(collection.dbName).collection(collection.collectionName)
    for (let i = 0; i < each; i++) await same.updateOne({}, { $inc: { n: 1 } })
  })
  expect(done.every(({ status }) => status === 'fulfilled')).toBe(true)
  expect(await collection.findOne()).toEqual({ _id: 1, n: CLIENTS * each })
})

it('100 inserts of one unique value: one is stored, 99 are told 11000', async () => {
  const collection = await engine.collection()
  await collection.createIndexes([{ key: { email: 1 }, unique: true }])
  const done = await inParallel(100, (client, n) =>
    client
      .db(collection.dbName)
      .collection<{ _id: number }>(collection.collectionName)
      .insertOne({ _id: n, email: 'a' } as never),
  )
  const codes = done.map((one) => (one.status === 'fulfilled' ? 'stored' : (one.reason as { code: unknown }).code))
  expect(codes.filter((code) => code === 'stored')).toHaveLength(1)
  expect(codes.filter((code) => code === 11_000)).toHaveLength(99)
  expect(await collection.find().toArray()).toEqual([{ _id: codes.indexOf('stored'), email: 'a' }])
})

it('100 upserts of one unique value make one document', async () => {
  const collection = await engine.collection()
  await collection.createIndexes([{ key: { key: 1 }, unique: true }])
  const update = () => collection.updateOne({ key: 'k' }, { $inc: { n: 1 } }, { upsert: true })
  const results = await Promise.all(Array.from({ length: 100 }, update))
  expect(results.filter(({ upsertedCount }) => upsertedCount === 1)).toHaveLength(1)
  expect(await collection.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ key: 'k', n: 100 }])
})

it('of many compare-and-sets on one version, one wins', async () => {
  const collection = await engine.collection([{ _id: 1, version: 1 }])
  const swap = (winner: number) =>
    collection.updateOne({ _id: 1, version: 1 }, { $set: { winner }, $inc: { version: 1 } })
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => swap(n)))
  const winners = results.flatMap(({ modifiedCount }, n) => (modifiedCount === 1 ? [n] : []))
  expect(winners).toHaveLength(1)
  expect(await collection.findOne()).toEqual({ _id: 1, version: 2, winner: winners[0] })
})

it('an index that is built while others write knows every document', async () => {
  const collection = await engine.collection(Array.from({ length: 3_000 }, (_, _id) => ({ _id, n: _id })))
  let building = true
  const write = async (writer: number) => {
    for (let i = 0; building; i++) {
      await collection.insertOne({ _id: 10_000 * (writer + 1) + i, n: i })
      await collection.updateOne({ _id: (i * 7 + writer) % 3_000 }, { $set: { n: -i } })
      await collection.deleteOne({ _id: 10_000 * (writer + 1) + i - 3 })
    }
  }
  const writers = Promise.all([0, 1, 2, 3].map(write))
  await collection.createIndexes([{ key: { n: 1 } }]).finally(() => (building = false))
  await writers
  const byIndex = await collection.find().hint({ n: 1 }).toArray()
  const byScan = await collection.find().hint({ $natural: 1 }).toArray()
  const flat = (documents: typeof byIndex) => documents.map(({ _id, n }) => `${_id as number}:${n as number}`).sort()
  expect(flat(byIndex)).toEqual(flat(byScan))
})

it('an index that is built over long arrays, while they change, has all their elements', async () => {
  const collection = await engine.collection(
    [0, 1, 2].map((_id) => ({ _id, list: Array.from({ length: 20_000 }, (_, i) => _id + 3 * i) })),
  )
  let building = true
  const write = async () => {
    for (let i = 0; building; i++) {
      await collection.updateOne({ _id: 0 }, { $set: { 'list.5': -i - 1 } })
      const pushed: Document = i % 2 === 0 ? { $pop: { list: -1 } } : { $push: { list: 1_000_000 + i } }
      await collection.updateOne({ _id: 1 }, pushed)
      await collection.updateOne({ _id: 2 }, { $inc: { n: 1 } })
    }
  }
  const writer = write()
  await collection
    .createIndexes([{ key: { list: 1 } }, { key: { list: -1 }, name: 'down' }])
    .finally(() => (building = false))
  await writer
  for (const hint of ['list_1', 'down']) {
    for await (const document of collection.find()) {
      const { _id, list } = document as unknown as { _id: number; list: number[] }
      const found = await Promise.all(
        [list[0], list[5], list[9_999], list.at(-1)].map((n) => collection.findOne({ list: n }, { hint })),
      )
      expect(found.map((one) => one?._id)).toEqual([_id, _id, _id, _id])
    }
  }
  expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({ valid: true, errors: [] })
})

it('a long scan does not hold up a point read', async () => {
  const collection = await engine.collection(Array.from({ length: 20_000 }, (_, _id) => ({ _id, text: `text ${_id}` })))
  const state = { scanning: true, reads: 0 }
  const scan = collection.countDocuments({ text: /nothing.*like.*this$/ }).finally(() => (state.scanning = false))
  while (state.scanning) {
    await collection.findOne({ _id: state.reads })
    if (state.scanning) state.reads++
  }
  expect(await scan).toBe(0)
  expect(state.reads).toBeGreaterThan(1)
})
