import type { MongoClientBulkWriteError } from 'mongodb'
import { type Doc, codeOf, useEngine } from './use-engine'

type Documents = Record<string, Doc>

const engine = useEngine()

async function twoCollections() {
  const [first, second] = [
    await engine.collection([{ _id: 1, n: 1 }]),
    await engine.collection([{ _id: 1 }, { _id: 2 }]),
  ]
  return { first, second }
}

it('client.bulkWrite writes into several collections and tells what each operation did', async () => {
  const { first, second } = await twoCollections()
  const [a, b] = [first.namespace, second.namespace]
  const result = await engine.client.bulkWrite<Documents>(
    [
      { name: 'insertOne', namespace: a, document: { _id: 2 } },
      { name: 'updateOne', namespace: a, filter: { _id: 1 }, update: { $inc: { n: 1 } } },
      { name: 'updateMany', namespace: b, filter: {}, update: { $set: { x: 1 } } },
      { name: 'replaceOne', namespace: b, filter: { _id: 9 }, replacement: { y: 1 }, upsert: true },
      { name: 'deleteOne', namespace: b, filter: { _id: 1 } },
      { name: 'deleteMany', namespace: b, filter: { x: 1 } },
    ],
    { verboseResults: true },
  )
  expect(result).toMatchObject({
    insertedCount: 1,
    matchedCount: 3,
    modifiedCount: 3,
    upsertedCount: 1,
    deletedCount: 2,
  })
  expect(result.insertResults?.get(0)).toEqual({ insertedId: 2 })
  expect(result.updateResults?.get(2)).toEqual({ matchedCount: 2, modifiedCount: 2, didUpsert: false })
  expect(result.updateResults?.get(3)).toMatchObject({ didUpsert: true, upsertedId: 9 })
  expect(result.deleteResults?.get(5)).toEqual({ deletedCount: 1 })
  expect(await first.find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1, n: 2 }, { _id: 2 }])
  expect(await second.find().toArray()).toEqual([{ _id: 9, y: 1 }])
})

it('an error ends it where it is ordered, and is one of many where it is not', async () => {
  const { first } = await twoCollections()
  const insert = (_id: number) => ({ name: 'insertOne', namespace: first.namespace, document: { _id } }) as const
  const failed = (ordered: boolean) =>
    engine.client
      .bulkWrite<Documents>([insert(1), insert(3), insert(1)], { ordered })
      .catch((error: unknown) => error as MongoClientBulkWriteError)
  const ordered = (await failed(true)) as MongoClientBulkWriteError
  expect([...ordered.writeErrors.keys()]).toEqual([0])
  expect(ordered.writeErrors.get(0)).toMatchObject({ code: 11_000 })
  expect(await first.countDocuments()).toBe(1)
  const unordered = (await failed(false)) as MongoClientBulkWriteError
  expect([...unordered.writeErrors.keys()]).toEqual([0, 2])
  expect(unordered.partialResult).toMatchObject({ insertedCount: 1 })
})

it('in a transaction all of it happens, or nothing', async () => {
  const { first, second } = await twoCollections()
  const operations = [
    { name: 'insertOne', namespace: first.namespace, document: { _id: 5 } },
    { name: 'deleteMany', namespace: second.namespace, filter: {} },
  ] as const
  await engine.client.withSession(async (session) => {
    session.startTransaction()
    await engine.client.bulkWrite<Documents>([...operations], { session })
    expect(await second.countDocuments({}, { session })).toBe(0)
    await session.abortTransaction()
    expect([await first.countDocuments(), await second.countDocuments()]).toEqual([1, 2])
    await session.withTransaction(() => engine.client.bulkWrite<Documents>([...operations], { session }))
  })
  expect([await first.countDocuments(), await second.countDocuments()]).toEqual([2, 0])
})

it('an operation on a namespace that is not there: 2; on another database: 13', async () => {
  const command = { bulkWrite: 1, ops: [{ insert: 1, document: {} }], nsInfo: [{ ns: 'a.b' }] }
  expect(await codeOf(engine.client.db('admin').command(command))).toEqual([2, 'BadValue'])
  expect(await codeOf(engine.db.command(command))).toEqual([13, 'Unauthorized'])
})
