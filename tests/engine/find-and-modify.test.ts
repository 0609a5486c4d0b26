import { type Document, ObjectId } from 'mongodb'
import { TIMES, codeOf, serverError, useEngine } from './use-engine'

const engine = useEngine()
const DOCUMENTS = [
  { _id: 1, n: 3, a: 'x' },
  { _id: 2, n: 1, a: 'x' },
  { _id: 3, n: 2, a: 'y' },
]
const start = async () => {
  const collection = await engine.collection(DOCUMENTS)
  const run = (command: Document) => engine.db.command({ findAndModify: collection.collectionName, ...command })
  return { collection, run }
}

it('gives the document as it was, or with `new` as it is', async () => {
  const { run } = await start()
  const change = { query: { _id: 1 }, update: { $inc: { n: 1 } } }
  expect(await run(change)).toEqual({
    lastErrorObject: { n: 1, updatedExisting: true },
    value: DOCUMENTS[0],
    ok: 1,
    ...TIMES,
    ...TIMES,
  })
  expect(await run({ ...change, new: true })).toEqual({
    lastErrorObject: { n: 1, updatedExisting: true },
    value: { _id: 1, n: 5, a: 'x' },
    ok: 1,
    ...TIMES,
  })
})

it('gives null when nothing matches', async () => {
  const { run } = await start()
  const query = { _id: 9 }
  const lastErrorObject = { n: 0, updatedExisting: false }
  expect(await run({ query, update: { $set: { a: 1 } } })).toEqual({ lastErrorObject, value: null, ok: 1, ...TIMES })
  expect(await run({ query, remove: true })).toEqual({ lastErrorObject: { n: 0 }, value: null, ok: 1, ...TIMES })
})

it('upserts', async () => {
  const { run } = await start()
  const upsert = { query: { _id: 9 }, update: { $set: { a: 'z' } }, upsert: true }
  const lastErrorObject = { n: 1, updatedExisting: false, upserted: 9 }
  expect(await run(upsert)).toEqual({ lastErrorObject, value: null, ok: 1, ...TIMES })
  const again = { query: { b: 5 }, update: { $set: { a: 'z' } }, upsert: true, new: true }
  const reply = await run(again)
  expect(reply).toEqual({
    lastErrorObject: { n: 1, updatedExisting: false, upserted: expect.any(ObjectId) },
    value: { _id: reply['lastErrorObject'].upserted, b: 5, a: 'z' },
    ok: 1,
    ...TIMES,
  })
})

it('takes the first in the order of `sort`', async () => {
  const { collection } = await start()
  const take = () => collection.findOneAndDelete({ a: 'x' }, { sort: { n: 1 } })
  expect([await take(), await take(), await take()]).toEqual([DOCUMENTS[1], DOCUMENTS[0], null])
  expect(await collection.find().toArray()).toEqual([DOCUMENTS[2]])
})

it('removes', async () => {
  const { collection, run } = await start()
  const reply = await run({ query: { _id: 3 }, remove: true })
  expect(reply).toEqual({ lastErrorObject: { n: 1 }, value: DOCUMENTS[2], ok: 1, ...TIMES })
  expect(await collection.countDocuments()).toBe(2)
})

it('replaces, projects, and changes by position and by pipeline', async () => {
  const { collection } = await start()
  const after = { returnDocument: 'after', projection: { _id: 0, list: 1 } } as const
  expect(await collection.findOneAndReplace({ _id: 1 }, { list: [1, 5, 9], b: 2 }, after)).toEqual({ list: [1, 5, 9] })
  const positional = await collection.findOneAndUpdate({ _id: 1, list: 5 }, { $set: { 'list.$': 6 } }, after)
  expect(positional).toEqual({ list: [1, 6, 9] })
  const filtered = await collection.findOneAndUpdate(
    { _id: 1 },
    { $inc: { 'list.$[big]': 1 } },
    { ...after, arrayFilters: [{ big: { $gt: 5 } }] },
  )
  expect(filtered).toEqual({ list: [1, 7, 10] })
  const piped = await collection.findOneAndUpdate({ _id: 1 }, [{ $set: { list: { $size: '$list' } } }], after)
  expect(piped).toEqual({ list: 3 })
  expect(await collection.findOne({ _id: 1 })).toEqual({ _id: 1, list: 3, b: 2 })
})

it('a duplicate fails the command, with key pattern and value', async () => {
  const { collection, run } = await start()
  await collection.createIndexes([{ key: { n: 1 }, unique: true }])
  const error = await serverError(run({ query: { _id: 1 }, update: { $set: { n: 1 } } }))
  expect(error.errorResponse).toMatchObject({
    ok: 0,
    code: 11_000,
    codeName: 'DuplicateKey',
    keyPattern: { n: 1 },
    keyValue: { n: 1 },
    errmsg: expect.stringMatching(/E11000 duplicate key error collection: \S+ index: n_1 dup key: \{ n: 1 \}$/),
  })
  expect(await collection.findOne({ _id: 1 })).toEqual(DOCUMENTS[0])
})

it.each<[string, Document, number, string]>([
  ['neither update nor remove', { query: {} }, 9, 'FailedToParse'],
  ['both', { query: {}, update: { $set: { a: 1 } }, remove: true }, 9, 'FailedToParse'],
  ['remove with new', { query: {}, remove: true, new: true }, 9, 'FailedToParse'],
  ['another _id', { query: { _id: 1 }, update: { $set: { _id: 2 } } }, 66, 'ImmutableField'],
])('refuses %s', async (_, command, code, codeName) => {
  const { run } = await start()
  expect(await codeOf(run(command))).toEqual([code, codeName])
})

it('32 clients take each document of a queue once', async () => {
  const collection = await engine.collection(Array.from({ length: 200 }, (_, _id) => ({ _id, state: 'new' })))
  await collection.createIndexes([{ key: { state: 1, _id: 1 } }])
  const taken: unknown[] = []
  const worker = async () => {
    for (;;) {
      const job = await collection.findOneAndUpdate(
        { state: 'new' },
        { $set: { state: 'taken' } },
        { sort: { _id: 1 } },
      )
      if (!job) return
      taken.push(job._id)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  expect(taken).toHaveLength(200)
  expect(new Set(taken).size).toBe(200)
})
