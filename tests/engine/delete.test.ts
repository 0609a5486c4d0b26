import { TIMES, useEngine } from './use-engine'

const engine = useEngine()
const DOCUMENTS = [1, 2, 3, 4].map((_id) => ({ _id, even: _id % 2 === 0 }))

it('one, or all that match', async () => {
  const collection = await engine.collection(DOCUMENTS)
  expect(await collection.deleteOne({ even: true })).toEqual({ acknowledged: true, deletedCount: 1 })
  expect(await collection.find().toArray()).toMatchObject([{ _id: 1 }, { _id: 3 }, { _id: 4 }])
  expect(await collection.deleteMany({ even: false })).toEqual({ acknowledged: true, deletedCount: 2 })
  expect(await collection.deleteMany({ even: false })).toEqual({ acknowledged: true, deletedCount: 0 })
  expect(await collection.deleteMany({})).toEqual({ acknowledged: true, deletedCount: 1 })
  expect(await collection.countDocuments()).toBe(0)
})

it('several statements add up', async () => {
  const { collectionName } = await engine.collection(DOCUMENTS)
  const deletes = [
    { q: { _id: 1 }, limit: 1 },
    { q: { _id: 9 }, limit: 1 },
    { q: { even: true }, limit: 0 },
  ]
  expect(await engine.db.command({ delete: collectionName, deletes })).toEqual({ n: 3, ok: 1, ...TIMES })
})

it('ordered stops at a failure, unordered does not', async () => {
  const collection = await engine.collection(DOCUMENTS)
  const deletes = [
    { q: { $nope: 1 }, limit: 1 },
    { q: { _id: 1 }, limit: 1 },
  ]
  const command = { delete: collection.collectionName, deletes }
  const writeErrors = [{ index: 0, code: 2, errmsg: expect.any(String) }]
  expect(await engine.db.command(command)).toEqual({ n: 0, writeErrors, ok: 1, ...TIMES })
  expect(await engine.db.command({ ...command, ordered: false })).toEqual({ n: 1, writeErrors, ok: 1, ...TIMES })
})

it('a limit other than 0 and 1: 9', async () => {
  const collection = await engine.collection(DOCUMENTS)
  const call = engine.db.command({ delete: collection.collectionName, deletes: [{ q: {}, limit: 2 }] })
  const code = await call.then(
    (reply) => reply['writeErrors']?.[0]?.code as unknown,
    (error: unknown) => (error as { code?: unknown }).code,
  )
  expect(code).toBe(9)
  expect(await collection.countDocuments()).toBe(4)
})

it('what is deleted is out of every index, and its values are free again', async () => {
  const collection = await engine.collection([{ _id: 1, a: 1, tags: ['x', 'y'] }])
  await collection.createIndexes([{ key: { a: 1 }, unique: true }])
  await collection.createIndexes([{ key: { tags: 1 } }])
  await collection.deleteOne({ _id: 1 })
  expect(await collection.find({ tags: 'x' }).hint({ tags: 1 }).toArray()).toEqual([])
  await collection.insertOne({ _id: 1, a: 1 })
  expect(await collection.find({ a: 1 }).hint({ a: 1 }).toArray()).toEqual([{ _id: 1, a: 1 }])
})

it('many thousands, by an index that shrinks meanwhile', async () => {
  const collection = await engine.collection(Array.from({ length: 5_000 }, (_, _id) => ({ _id, n: _id % 2 })))
  await collection.createIndexes([{ key: { n: 1 } }])
  expect(await collection.deleteMany({ n: 1 })).toMatchObject({ deletedCount: 2_500 })
  expect(await collection.countDocuments({ n: 1 })).toBe(0)
  expect(await collection.countDocuments()).toBe(2_500)
})
