import { type ClientSession, type Collection, type Document } from 'mongodb'
import { type Doc, codeOf, idsOf, serverError, useEngine } from './use-engine'

const DOCUMENTS = 2_000
const IGNORE_CASE = { locale: 'en', strength: 2 }
const engine = useEngine()

interface Numbered extends Doc {
  _id: number
  n: number
  group: number
  kind: string
  word: string
}
const numbered = (_id: number): Numbered => ({
  _id,
  n: (_id * 7) % DOCUMENTS,
  group: _id % 20,
  kind: _id % 3 === 0 ? 'common' : 'rare',
  word: `${_id % 2 === 0 ? 'Word' : 'word'}${_id % 100}`,
})
const DOCS = Array.from({ length: DOCUMENTS }, (_, id) => numbered(id))
const INDEXES = [
  { key: { n: 1 } },
  { key: { group: 1, n: -1 } },
  { key: { kind: 1 } },
  { key: { word: 1 }, name: 'plain' },
  { key: { word: 1 }, name: 'ignore_case', collation: IGNORE_CASE },
] as const

async function numbers(): Promise<Collection<Doc>> {
  const collection = await engine.collection(DOCS)
  await collection.createIndexes(INDEXES.map((index) => ({ ...index, key: { ...index.key } })))
  return collection
}

/** Runs `work` in a transaction, and leaves nothing of it. */
async function inTransaction(work: (session: ClientSession) => Promise<void>): Promise<void> {
  const session = engine.client.startSession()
  session.startTransaction()
  try {
    await work(session)
  } finally {
    await session.endSession()
  }
}

/** Some come, some go, some move to another place in every index; the documents as they are then. */
async function change(collection: Collection<Doc>, session: ClientSession): Promise<readonly Numbered[]> {
  const added = Array.from({ length: 100 }, (_, i) => ({ ...numbered(DOCUMENTS + i), n: i + 0.5 }))
  await collection.insertMany(added, { session })
  await collection.deleteMany({ $or: [{ n: { $lt: 20 } }, { group: 4, n: { $gt: 1_900 } }] }, { session })
  await collection.updateMany(
    { $or: [{ n: 700 }, { group: 7, n: { $lt: 300 } }] },
    { $set: { group: 5, word: 'MOVED' } },
    { session },
  )
  return [...DOCS, ...added]
    .filter(({ n, group }) => !(n < 20 || (group === 4 && n > 1_900)))
    .map((doc) => (doc.n === 700 || (doc.group === 7 && doc.n < 300) ? { ...doc, group: 5, word: 'MOVED' } : doc))
}

const ascending = (ids: readonly unknown[]) => [...(ids as number[])].sort((a, b) => a - b)

describe('what a transaction has changed is found by every plan', () => {
  const FILTERS: readonly [string, Document, (doc: Numbered) => boolean][] = [
    [
      'OR',
      { $or: [{ n: { $gte: 30, $lt: 60 } }, { group: 5, n: { $lt: 200 } }, { _id: 3 }] },
      (doc) => {
        return (doc.n >= 30 && doc.n < 60) || (doc.group === 5 && doc.n < 200) || doc._id === 3
      },
    ],
    [
      'the one of several indexes that reads least',
      { kind: 'rare', n: { $gt: 690, $lt: 710 } },
      (doc) => {
        return doc.kind === 'rare' && doc.n > 690 && doc.n < 710
      },
    ],
    ['a prefix', { word: /^MOV/ }, (doc) => doc.word === 'MOVED'],
    ['a pattern that is costly', { word: /^(M+O+)+VED$/ }, (doc) => doc.word === 'MOVED'],
  ]
  it.each(FILTERS)('%s', async (_name, filter, wanted) => {
    const collection = await numbers()
    await inTransaction(async (session) => {
      const expected = (await change(collection, session)).filter(wanted).map(({ _id }) => _id)
      expect(expected.length).toBeGreaterThan(0)
      expect(ascending(await idsOf(collection.find(filter, { session, batchSize: 7 }).toArray()))).toEqual(expected)
      expect(await collection.countDocuments(filter, { session })).toBe(expected.length)
      const { n } = await engine.db.command({ count: collection.collectionName, query: filter })

      expect(n).toBe(DOCS.filter(wanted).length)
      const { modifiedCount } = await collection.updateMany(filter, { $set: { seen: true } }, { session })
      expect(modifiedCount).toBe(expected.length)
    })
  })

  it.each([1, -1] as const)('SORT_MERGE, direction %i, page by page', async (direction) => {
    const collection = await numbers()
    await inTransaction(async (session) => {
      const filter = { group: { $in: [3, 4, 5, 7] } }
      const expected = (await change(collection, session))
        .filter(({ group }) => filter.group.$in.includes(group))
        .map(({ n }) => n)
        .sort((a, b) => direction * (a - b))
      const cursor = collection.find(filter, { session, batchSize: 11 }).sort({ n: direction })
      expect((await cursor.toArray()).map((doc) => doc['n'] as number)).toEqual(expected)
    })
  })

  it('an index with a collation, and unique under it', async () => {
    const collection = await engine.collection([
      { _id: 1, name: 'Ada' },
      { _id: 2, name: 'Bob' },
    ])
    await collection.createIndex({ name: 1 }, { unique: true, collation: IGNORE_CASE })
    const session = engine.client.startSession()
    session.startTransaction()
    await collection.updateOne({ name: 'ADA' }, { $set: { name: 'Eve' } }, { session, collation: IGNORE_CASE })
    await collection.insertOne({ _id: 3, name: 'ada' }, { session })
    const found = collection
      .find({ name: { $in: ['AdA', 'eve'] } }, { session, collation: IGNORE_CASE })
      .sort({ _id: 1 })
    expect(await found.toArray()).toEqual([
      { _id: 1, name: 'Eve' },
      { _id: 3, name: 'ada' },
    ])
    expect(await collection.distinct('name', {}, { session, collation: IGNORE_CASE })).toHaveLength(3)
    // The other one wants a key that is equal under the collation alone.
    await inTransaction(async (other) => {
      const late = collection.insertOne({ _id: 4, name: 'EVE' }, { session: other })
      expect(await codeOf(late)).toEqual([112, 'WriteConflict'])
    })
    await session.commitTransaction()
    await session.endSession()
    expect((await serverError(collection.insertOne({ _id: 5, name: 'EVE' }))).code).toBe(11_000)
    await inTransaction(async (third) => {
      const again = collection.insertOne({ _id: 6, name: 'BOB' }, { session: third })
      expect((await serverError(again)).code).toBe(11_000)
    })
  })
})

describe('a pipeline of a transaction', () => {
  it('works in turns on what the transaction sees, batch by batch, $lookup included', async () => {
    const collection = await numbers()
    await inTransaction(async (session) => {
      const docs = await change(collection, session)
      const pipeline = [
        { $match: { group: { $in: [5, 7] } } },
        { $lookup: { from: collection.collectionName, localField: '_id', foreignField: '_id', as: 'same' } },
        { $set: { same: { $size: '$same' } } },
        { $sort: { word: 1, _id: 1 } },
      ]
      const cursor = collection.aggregate<Doc>(pipeline, { session, batchSize: 10 })
      const [first] = [await cursor.next()]
      // Others change what the transaction has left alone; it does not see that between its batches.
      await collection.updateMany({ group: 5, n: { $gt: 1_000 } }, { $set: { late: true } })
      await collection.insertOne({ _id: 5_000, group: 5 })
      const found = [first, ...(await cursor.toArray())] as Doc[]
      const expected = docs.filter(({ group }) => group === 5 || group === 7).map(({ _id }) => _id)
      expect(ascending(found.map(({ _id }) => _id))).toEqual(expected)
      expect(found.filter((doc) => doc['same'] !== 1 || doc['late'] !== undefined)).toEqual([])
    })
  })

  it('ends with the transaction', async () => {
    const collection = await numbers()
    const session = engine.client.startSession()
    session.startTransaction()
    const command = {
      aggregate: collection.collectionName,
      pipeline: [{ $set: { twice: { $multiply: ['$n', 2] } } }],
      cursor: { batchSize: 1 },
    }
    const { cursor } = await engine.db.command(command, { session })
    await session.abortTransaction()
    await session.endSession()
    const getMore = { getMore: cursor.id as object, collection: collection.collectionName }
    expect(await codeOf(engine.db.command(getMore))).toEqual([43, 'CursorNotFound'])
  })
})

it('a pattern that runs away ends its transaction, and what it has locked is free', async () => {
  const collection = await engine.collection([{ _id: 1, text: `${'a'.repeat(40)}!` }])
  const session = engine.client.startSession()
  session.startTransaction()
  await collection.updateOne({ _id: 1 }, { $set: { n: 1 } }, { session })
  const runaway = collection.updateOne({ text: /^(a+)+$/ }, { $set: { n: 2 } }, { session })
  expect((await serverError(runaway)).code).toBe(50)
  expect((await collection.updateOne({ _id: 1 }, { $set: { n: 3 } })).modifiedCount).toBe(1)
  await session.endSession()
  expect(await collection.findOne({ _id: 1 }, { projection: { n: 1 } })).toEqual({ _id: 1, n: 3 })
})

describe('collations, where documents are written otherwise', () => {
  it('$merge by a unique index of the pipeline’s collation, and by no other', async () => {
    const source = await engine.collection([{ _id: 10, name: 'ADA', n: 2 }])
    const target = await engine.collection([{ _id: 1, name: 'ada', n: 1 }])
    await target.createIndex({ name: 1 }, { unique: true, collation: IGNORE_CASE })
    const stages = [{ $project: { _id: 0, name: 1, n: 1 } }, { $merge: { into: target.collectionName, on: 'name' } }]
    expect(await codeOf(source.aggregate(stages).toArray())).toEqual([51_183, 'Location51183'])
    await source.aggregate(stages, { collation: IGNORE_CASE }).toArray()
    expect(await target.find().toArray()).toEqual([{ _id: 1, name: 'ADA', n: 2 }])
  })

  it('$out and renameCollection take the indexes with them', async () => {
    const source = await engine.collection([{ _id: 1, name: 'ada' }])
    const target = await engine.collection([{ _id: 9, name: 'old' }])
    await target.createIndex({ name: 1 }, { unique: true, collation: IGNORE_CASE })
    await source.aggregate([{ $out: target.collectionName }]).toArray()
    const renamed: Collection<Doc> = await engine.db.renameCollection(
      target.collectionName,
      `${target.collectionName}_renamed`,
    )
    expect((await serverError(renamed.insertOne({ _id: 2, name: 'ADA' }))).code).toBe(11_000)
    expect(await idsOf(renamed.find({ name: 'Ada' }, { collation: IGNORE_CASE }).toArray())).toEqual([1])
  })

  it('bulkWrite finds by an index with a collation', async () => {
    const collection = await engine.collection([{ _id: 1, name: 'ada' }])
    await collection.createIndex({ name: 1 }, { collation: IGNORE_CASE })
    const update = { $set: { found: true } }
    const one = { name: 'updateOne', namespace: collection.namespace, filter: { name: 'ADA' }, update } as const
    const { modifiedCount } = await engine.client.bulkWrite([{ ...one, collation: IGNORE_CASE }])
    expect(modifiedCount).toBe(1)
  })
})
