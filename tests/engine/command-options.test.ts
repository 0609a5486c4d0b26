import { type Collection, type Document, MongoBulkWriteError } from 'mongodb'
import { type Doc, codeOf, serverError, useEngine } from './use-engine'

const engine = useEngine()
const THREE = [
  { _id: 1, a: 2, b: 5 },
  { _id: 2, a: 1, b: 5 },
  { _id: 3, a: 3, b: 5 },
]

describe('sort of an update of one', () => {
  it.each<[string, (c: Collection<Doc>, sort: Record<string, 1 | -1>) => Promise<unknown>]>([
    ['updateOne', (c, sort) => c.updateOne({ b: 5 }, { $set: { hit: true } }, { sort })],
    ['replaceOne', (c, sort) => c.replaceOne({ b: 5 }, { hit: true }, { sort })],
    ['a pipeline', (c, sort) => c.updateOne({ b: 5 }, [{ $set: { hit: true } }], { sort })],
    [
      'bulkWrite',
      (c, sort) => c.bulkWrite([{ updateOne: { filter: { b: 5 }, update: { $set: { hit: true } }, sort } }]),
    ],
    [
      'bulkWrite of the client',
      (c, sort) =>
        engine.client.bulkWrite([
          { name: 'updateOne', namespace: c.namespace, filter: { b: 5 }, update: { $set: { hit: true } }, sort },
        ]),
    ],
  ])('%s', async (_name, update) => {
    for (const indexed of [false, true]) {
      const collection = await engine.collection(THREE)
      if (indexed) await collection.createIndex({ a: 1 })
      const hits = async () => (await collection.find({ hit: true }).toArray()).map(({ _id }) => _id)
      await update(collection, { a: 1 })
      expect(await hits()).toEqual([2])
      await update(collection, { a: -1 })
      expect(await hits()).toEqual([2, 3])
    }
  })

  it('chooses among many, in slices, and in a transaction', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ _id: i, n: (i * 7_919) % 20_000, pad: 'x'.repeat(50) }))
    const collection = await engine.collection(many)
    await collection.updateOne({ n: { $gte: 100 } }, { $set: { hit: 1 } }, { sort: { n: 1 } })
    expect(await collection.findOne({ hit: 1 })).toMatchObject({ n: 100 })
    await engine.client.withSession((session) =>
      session.withTransaction(async () => {
        await collection.updateOne({}, { $set: { hit: 2 } }, { sort: { n: -1 }, session })
      }),
    )
    expect(await collection.findOne({ hit: 2 })).toMatchObject({ n: 19_999 })
  })

  it('gives every one of many writers a document of its own', async () => {
    const jobs = Array.from({ length: 20 }, (_, i) => ({ _id: i, free: true, rank: 20 - i }))
    const collection = await engine.collection(jobs)
    const claim = (worker: number) =>
      collection.updateOne({ free: true }, { $set: { free: false, worker } }, { sort: { rank: 1 } })
    const results = await Promise.all(jobs.map((_job, worker) => claim(worker)))
    expect(results.map(({ modifiedCount }) => modifiedCount)).toEqual(jobs.map(() => 1))
    expect(await collection.distinct('worker')).toHaveLength(20)
  })

  it('upserts where nothing matches, and knows the place of a match in an array', async () => {
    const collection = await engine.collection([
      { _id: 1, a: 1, l: [1, 2] },
      { _id: 2, a: 2, l: [2, 1] },
    ])
    await collection.updateOne({ l: 2 }, { $set: { 'l.$': 9 } }, { sort: { a: -1 } })
    expect(await collection.findOne({ _id: 2 })).toMatchObject({ l: [9, 1] })
    expect(await collection.updateOne({ a: 7 }, { $set: { b: 1 } }, { sort: { a: 1 }, upsert: true })).toMatchObject({
      upsertedCount: 1,
    })
  })

  it('is not for an update of many, nor for what is no sort', async () => {
    const collection = await engine.collection(THREE)
    const update = (more: Document) =>
      engine.db.command({ update: collection.collectionName, updates: [{ q: {}, u: { $set: { x: 1 } }, ...more }] })
    expect(await codeOf(update({ multi: true, sort: { a: 1 } }))).toEqual([9, 'FailedToParse'])
    expect(await update({ sort: { a: 5 } })).toMatchObject({ n: 0, writeErrors: [{ code: 15_975 }] })
    expect(await collection.countDocuments({ x: 1 })).toBe(0)
  })

  it('is explained', async () => {
    const collection = await engine.collection(THREE)
    const updates = [{ q: { b: 5 }, u: { $set: { x: 1 } }, sort: { a: 1 } }]
    const explained = await engine.db.command({
      explain: { update: collection.collectionName, updates },
      verbosity: 'executionStats',
    })
    expect(explained).toMatchObject({
      queryPlanner: { winningPlan: { stage: 'UPDATE', inputStage: { stage: 'SORT', sortPattern: { a: 1 } } } },
      executionStats: { totalDocsExamined: 3 },
    })
    expect(await collection.countDocuments({ x: 1 })).toBe(0)
  })
})

describe('let', () => {
  const MORE = { $expr: { $gt: ['$a', '$$least'] } }
  const variables = { least: { $add: [1, 1] } }

  it.each<[string, (c: Collection<Doc>) => Promise<unknown>, unknown]>([
    ['find', (c) => c.find(MORE, { let: variables }).toArray(), [THREE[2]]],
    [
      'the projection of a find',
      (c) => c.find({ _id: 1 }, { let: variables, projection: { sum: { $add: ['$a', '$$least'] } } }).toArray(),
      [{ _id: 1, sum: 4 }],
    ],
    ['aggregate', (c) => c.aggregate([{ $match: MORE }], { let: variables }).toArray(), [THREE[2]]],
    [
      'update',
      async (c) => {
        await c.updateMany(MORE, [{ $set: { least: '$$least' } }], { let: variables })
        return c.find({ least: 2 }).toArray()
      },
      [{ ...THREE[2], least: 2 }],
    ],
    ['delete', async (c) => (await c.deleteMany(MORE, { let: variables })).deletedCount, 1],
    [
      'findAndModify',
      (c) => c.findOneAndUpdate(MORE, { $set: { x: 1 } }, { let: variables, projection: { least: '$$least' } }),
      { _id: 3, least: 2 },
    ],
    [
      'bulkWrite of the client',
      async (c) => {
        const model = { name: 'deleteMany', namespace: c.namespace, filter: MORE } as const
        return (await engine.client.bulkWrite([model], { let: variables })).deletedCount
      },
      1,
    ],
    [
      'explain',
      async (c) => {
        const { executionStats } = await c.find(MORE, { let: variables }).explain('executionStats')
        return (executionStats as Document)['nReturned'] as unknown
      },
      1,
    ],
  ])('has values that are expressions, in %s', async (_name, run, expected) => {
    expect(await run(await engine.collection(THREE))).toEqual(expected)
  })

  it('of $merge has the values of each result', async () => {
    const [source, target] = [await engine.collection(THREE), await engine.collection([{ _id: 1 }, { _id: 3 }])]
    const merge = {
      into: target.collectionName,
      let: { was: '$a', fix: 7 },
      whenMatched: [{ $set: { was: '$$was', fix: '$$fix', b: '$$new.b' } }],
      whenNotMatched: 'discard',
    }
    await source.aggregate([{ $merge: merge }]).toArray()
    expect(await target.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, was: 2, fix: 7, b: 5 },
      { _id: 3, was: 3, fix: 7, b: 5 },
    ])
    const refused = (more: object) => codeOf(source.aggregate([{ $merge: { ...merge, ...more } }]).toArray())
    expect(await refused({ whenMatched: 'merge' })).toEqual([51_199, 'Location51199'])
    expect(await refused({ let: { new: 1 } })).toEqual([51_273, 'Location51273'])
  })

  it('has names of its own kind, and no field of a document', async () => {
    const collection = await engine.collection(THREE)
    const code = async (spec: Document) => (await serverError(collection.find({}, { let: spec }).toArray())).code
    expect(await code({ Upper: 1 })).toBe(9)
    expect(await code({ '1st': 1 })).toBe(9)
    expect(await code({ 'a.b': 1 })).toBe(9)
    expect(await code({ a: '$a' })).toBe(4_890_500)
    expect(await code({ a: { $add: [1, '$$ROOT.a'] } })).toBe(4_890_500)
    const spec = { v: { $literal: '$a' }, w: '$$v' }
    expect(await collection.find({ $expr: { $eq: ['$$v', '$$w'] } }, { let: spec }).toArray()).toHaveLength(3)
  })
})

describe('a write concern that one node cannot satisfy', () => {
  it('is told of beside what was done', async () => {
    const collection = await engine.collection()
    const insert = {
      insert: collection.collectionName,
      documents: [{ _id: 1 }, { _id: 1 }, { _id: 2 }],
      ordered: false,
    }
    const error = await serverError(engine.db.command({ ...insert, writeConcern: { w: 3 } }))
    expect(error).toMatchObject({ code: 100, codeName: 'UnsatisfiableWriteConcern' })
    expect(error.errorResponse).toMatchObject({
      ok: 1,
      n: 2,
      writeErrors: [{ index: 1, code: 11_000 }],
      writeConcernError: {
        code: 100,
        codeName: 'UnsatisfiableWriteConcern',
        errmsg: 'Not enough data-bearing nodes',
        errInfo: { writeConcern: { w: 3, wtimeout: 0, provenance: 'clientSupplied' } },
      },
    })
    expect(await collection.countDocuments()).toBe(2)
  })

  it('is told of by the driver, for single writes and for several', async () => {
    const collection = await engine.collection()
    expect(await serverError(collection.insertOne({ _id: 1 }, { writeConcern: { w: 2 } }))).toMatchObject({ code: 100 })
    const update = { update: collection.collectionName, updates: [{ q: { _id: 1 }, u: { $set: { a: 1 } } }] }
    const mode = await serverError(engine.db.command({ ...update, writeConcern: { w: 'dc1' } }))
    expect(mode).toMatchObject({ code: 79, codeName: 'UnknownReplWriteConcern' })
    const several = await collection
      .insertMany([{ _id: 2 }, { _id: 3 }], { writeConcern: { w: 2 } })
      .catch((e: unknown) => e)
    expect(several).toBeInstanceOf(MongoBulkWriteError)
    expect((several as MongoBulkWriteError).insertedCount).toBe(2)
    expect(await collection.find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1, a: 1 }, { _id: 2 }, { _id: 3 }])
  })
})

it('so many errors of one command are told of that a driver can read them', async () => {
  const collection = await engine.db.createCollection<Doc>('many_errors', { validator: { a: { $lt: 0 } } })
  const documents = Array.from({ length: 3_000 }, (_, i) => ({ _id: i, a: 'x'.repeat(1_000) }))
  const reply = await engine.db.command({ insert: collection.collectionName, documents, ordered: false })
  const errors = reply['writeErrors'] as Document[]
  expect(errors).toHaveLength(3_000)
  expect(errors[0]).toMatchObject({ index: 0, code: 121, errInfo: { failingDocumentId: 0 } })
  expect(errors.at(-1)).toEqual({ index: 2_999, code: 121, errmsg: '' })
})
