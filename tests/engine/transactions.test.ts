import { type ClientSession, type Collection, type Document, Long, MongoClient, type MongoServerError } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { type Doc, codeOf, idsOf, serverError, useEngine } from './use-engine'
import { WireSocket, bodySection, msgDocument, opMsg } from './wire-socket'

const engine = useEngine()
const LABEL = 'TransientTransactionError'

let sessions: ClientSession[] = []
afterEach(async () => {
  await Promise.all(sessions.map((session) => session.endSession()))
  sessions = []
})

/** A session with a transaction that is about to start. */
function begin(): ClientSession {
  const session = engine.client.startSession()
  session.startTransaction()
  sessions.push(session)
  return session
}

const sorted = (collection: Collection<Doc>, session?: ClientSession, filter: Document = {}) =>
  collection.find(filter, { ...(session ? { session } : {}), sort: { _id: 1 } }).toArray()

const THREE = [
  { _id: 1, n: 10, tag: 'a' },
  { _id: 2, n: 20, tag: 'b' },
  { _id: 3, n: 30, tag: 'a' },
]

describe('isolation', () => {
  it('others see nothing of it before the commit, and everything after', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.updateOne({ _id: 1 }, { $inc: { n: 5 } }, { session })
    await collection.insertOne({ _id: 4, n: 40 }, { session })
    await collection.deleteOne({ _id: 2 }, { session })
    expect(await sorted(collection)).toEqual(THREE)
    expect(await collection.countDocuments()).toBe(3)
    await session.commitTransaction()
    const after = [{ _id: 1, n: 15, tag: 'a' }, THREE[2], { _id: 4, n: 40 }]
    expect(await sorted(collection)).toEqual(after)
  })

  it('nor does a count tell of half of one that takes long to commit', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    const BATCH = 5_000
    const ALL = 3 + 4 * BATCH
    for (let from = 4; from < ALL; from += BATCH) {
      const documents = Array.from({ length: BATCH }, (_, i) => ({ _id: from + i }))
      await collection.insertMany(documents, { session })
    }
    let isOver = false
    const committed = session.commitTransaction().then(() => (isOver = true))
    const seen = new Set<unknown>()
    while (!isOver) {
      seen.add(await collection.estimatedDocumentCount())
      seen.add(await collection.countDocuments())
      seen.add((await engine.db.command({ collStats: collection.collectionName }))['count'])
    }
    await committed
    expect([...seen].filter((count) => count !== 3 && count !== ALL)).toEqual([])
    expect(await collection.estimatedDocumentCount()).toBe(ALL)
  })

  it('it reads what it has written, by scan, by index, backwards, in batches and in a pipeline', async () => {
    const collection = await engine.collection(Array.from({ length: 50 }, (_, n) => ({ _id: 2 * n, n: 2 * n })))
    await collection.createIndex({ n: 1 })
    const session = begin()
    await collection.insertMany(
      Array.from({ length: 50 }, (_, n) => ({ _id: 2 * n + 1, n: 2 * n + 1 })),
      { session },
    )
    await collection.deleteMany({ n: { $lt: 10 } }, { session })
    await collection.updateOne({ _id: 99 }, { $set: { n: 9.5 } }, { session })
    const expected = [99, ...Array.from({ length: 89 }, (_, n) => n + 10)]
    for (const hint of [{ n: 1 }, { $natural: 1 }] as const) {
      const found = (sort: 1 | -1) =>
        idsOf(
          collection
            .find({ n: { $gte: 0 } }, { session, hint, batchSize: 7 })
            .sort({ n: sort })
            .toArray(),
        )
      expect(await found(1)).toEqual(expected)
      expect(await found(-1)).toEqual([...expected].reverse())
    }
    expect(await collection.countDocuments({}, { session })).toBe(90)
    expect(await collection.countDocuments({ n: { $gt: 90 } }, { session })).toBe(8)
    expect(await collection.distinct('n', { n: { $lt: 12 } }, { session })).toEqual([9.5, 10, 11])
    const skipped = collection
      .find({}, { session, hint: { n: 1 } })
      .sort({ n: 1 })
      .skip(3)
      .limit(2)
    expect(await idsOf(skipped.toArray())).toEqual([12, 13])
    const [sum] = await collection.aggregate([{ $group: { _id: null, s: { $sum: '$n' } } }], { session }).toArray()
    expect(sum?.['s']).toBe(9.5 + expected.slice(1).reduce((a, b) => a + b, 0))
    await session.abortTransaction()
    expect(await collection.countDocuments()).toBe(50)
  })

  it('it reads one state, whatever others commit meanwhile', async () => {
    const [first, second] = [await engine.collection(THREE), await engine.collection(THREE)]
    const session = begin()
    expect(await sorted(first, session)).toEqual(THREE)
    await first.insertOne({ _id: 4 })
    await second.deleteOne({ _id: 1 })
    await second.updateOne({ _id: 2 }, { $set: { n: 0 } })
    expect(await sorted(first, session)).toEqual(THREE)
    expect(await sorted(second, session)).toEqual(THREE)
    expect(await second.findOne({ _id: 2 }, { session })).toEqual(THREE[1])
    await session.commitTransaction()
    expect(await sorted(second)).toEqual([{ _id: 2, n: 0, tag: 'b' }, THREE[2]])
  })

  it('a cursor goes on in its transaction, and ends with it', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    const cursor = collection.find({}, { session, batchSize: 1 })
    await cursor.next()
    await collection.deleteOne({ _id: 3 })
    expect(await cursor.next()).toEqual(THREE[1])
    const command = { find: collection.collectionName, batchSize: 1 }
    const { cursor: left } = await engine.db.command(command, { session })
    await session.commitTransaction()
    const getMore = { getMore: left.id, collection: collection.collectionName }
    expect(await codeOf(engine.db.command(getMore))).toEqual([43, 'CursorNotFound'])
  })

  it('findAndModify and upserts', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    const options = { session, returnDocument: 'after', sort: { n: -1 } } as const
    expect(await collection.findOneAndUpdate({ tag: 'a' }, { $inc: { n: 1 } }, options)).toMatchObject({ n: 31 })
    expect(await collection.findOneAndDelete({ _id: 1 }, { session })).toEqual(THREE[0])
    await collection.updateOne({ _id: 9 }, { $set: { n: 9 } }, { session, upsert: true })
    expect(await idsOf(sorted(collection, session))).toEqual([2, 3, 9])
    await session.commitTransaction()
    expect(await idsOf(sorted(collection))).toEqual([2, 3, 9])
  })

  it('what it writes twice is what it wrote last', async () => {
    const collection = await engine.collection([{ _id: 1, n: 0 }])
    await collection.createIndex({ n: 1 }, { unique: true })
    const session = begin()
    for (let i = 0; i < 5; i++) await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session })
    await collection.deleteOne({ _id: 1 }, { session })
    await collection.insertOne({ _id: 1, n: 3 }, { session })
    await collection.insertOne({ _id: 2, n: 0 }, { session })
    await session.commitTransaction()
    expect(await sorted(collection)).toEqual([
      { _id: 1, n: 3 },
      { _id: 2, n: 0 },
    ])
    expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({ valid: true })
  })
})

describe('conflicts', () => {
  it('of two that change a document the second is told at once, and may run again', async () => {
    const collection = await engine.collection(THREE)
    const [one, two] = [begin(), begin()]
    await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: one })
    const error = await serverError(collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: two }))
    expect([error.code, error.codeName, error.hasErrorLabel(LABEL)]).toEqual([112, 'WriteConflict', true])
    await one.commitTransaction()
    const gone = await serverError(collection.findOne({}, { session: two }))
    expect([gone.code, gone.codeName, gone.hasErrorLabel(LABEL)]).toEqual([251, 'NoSuchTransaction', true])
    expect(await collection.findOne({ _id: 1 })).toMatchObject({ n: 11 })
  })

  it('a document that has changed since the snapshot', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.findOne({ _id: 2 }, { session })
    await collection.updateOne({ _id: 1 }, { $set: { n: 0 } })
    expect(await codeOf(collection.deleteOne({ _id: 1 }, { session }))).toEqual([112, 'WriteConflict'])
  })

  it('a write outside waits for the transaction, and then works on what it left', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session })
    await collection.insertOne({ _id: 7 }, { session })
    let done = 0
    const count = () => done++
    const writes = [
      collection.updateMany({}, { $mul: { n: 2 } }).finally(count),
      collection.insertOne({ _id: 7 }).finally(count),
      collection.findOneAndUpdate({ _id: 1 }, { $set: { seen: true } }).finally(count),
    ]
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(done).toBe(0)
    const late = collection.updateOne({ _id: 1 }, { $set: { late: 1 } }, { maxTimeMS: 50 })
    expect(await codeOf(late)).toEqual([50, 'MaxTimeMSExpired'])
    await session.commitTransaction()
    const [updated, inserted] = await Promise.allSettled(writes)
    expect(updated).toMatchObject({ status: 'fulfilled', value: { modifiedCount: expect.any(Number) } })
    expect(inserted).toMatchObject({ status: 'rejected', reason: { code: 11_000 } })
    expect(await collection.findOne({ _id: 1 })).toEqual({ _id: 1, n: 22, tag: 'a', seen: true })
    expect(await collection.findOne({ _id: 2 })).toMatchObject({ n: 40 })
  })

  it('unique keys: within it, against what is there, and against another transaction', async () => {
    const collection = await engine.collection([{ _id: 1, u: 'a' }])
    await collection.createIndex({ u: 1 }, { unique: true })
    const inside = begin()
    await collection.insertOne({ _id: 2, u: 'b' }, { session: inside })
    const duplicate = await serverError(collection.insertOne({ _id: 3, u: 'b' }, { session: inside }))
    expect([duplicate.code, duplicate.hasErrorLabel(LABEL)]).toEqual([11_000, false])
    expect(await codeOf(inside.commitTransaction())).toEqual([251, 'NoSuchTransaction'])
    expect(await collection.countDocuments()).toBe(1)

    const [one, two] = [begin(), begin()]
    await collection.updateOne({ _id: 1 }, { $set: { u: 'free' } }, { session: one })
    await collection.insertOne({ _id: 4, u: 'a' }, { session: one })
    expect(await codeOf(collection.insertOne({ _id: 5, u: 'a' }, { session: two }))).toEqual([112, 'WriteConflict'])
    await one.commitTransaction()
    expect(await sorted(collection)).toEqual([
      { _id: 1, u: 'free' },
      { _id: 4, u: 'a' },
    ])
  })

  it('withTransaction runs until it succeeds: twenty at once on one document lose nothing', async () => {
    const collection = await engine.collection([{ _id: 1, n: 0 }])
    const add = () =>
      engine.client.withSession((session) =>
        session.withTransaction(async () => {
          const { n } = (await collection.findOne({ _id: 1 }, { session })) as unknown as { n: number }
          await collection.updateOne({ _id: 1 }, { $set: { n: n + 1 } }, { session })
        }),
      )
    await Promise.all(Array.from({ length: 20 }, add))
    expect(await collection.findOne()).toEqual({ _id: 1, n: 20 })
  })

  it('an index that comes in between', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.insertOne({ _id: 4, n: 4 }, { session })
    await collection.createIndex({ n: 1 })
    expect(await codeOf(session.commitTransaction())).toEqual([112, 'WriteConflict'])
    expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({ valid: true, nrecords: 3 })
  })
})

describe('collections', () => {
  it('a new one comes with the commit, and with an abort not at all', async () => {
    const names = async () =>
      (await engine.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
    const aborted = begin()
    await engine.db.collection('made_in_vain').insertOne({ a: 1 }, { session: aborted })
    await aborted.abortTransaction()
    const session = begin()
    const made = engine.db.collection<Doc>('made_inside')
    await made.insertOne({ _id: 1 }, { session })
    await engine.db.createCollection('made_empty', { session })
    expect(await names()).not.toContain('made_inside')
    expect(await sorted(made, session)).toEqual([{ _id: 1 }])
    await session.commitTransaction()
    expect(await names()).toEqual(expect.arrayContaining(['made_inside', 'made_empty']))
    expect(await names()).not.toContain('made_in_vain')
    expect(await sorted(made)).toEqual([{ _id: 1 }])
  })

  it('what another drops and makes anew is not what the snapshot holds', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await engine.db.collection('elsewhere').findOne({}, { session })
    await collection.drop()
    for (let i = 0; i < 20; i++) await engine.db.collection<Doc>(`again${i}`).insertOne({ _id: 'new' })
    for (let i = 0; i < 20; i++) expect(await sorted(engine.db.collection(`again${i}`), session)).toEqual([])
  })
})

describe('the end', () => {
  it('a commit that is sent again is answered again; an abort after it is refused', async () => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session })
    await session.commitTransaction()
    await session.commitTransaction()
    expect(await collection.findOne({ _id: 1 })).toMatchObject({ n: 11 })
    const fields = { lsid: session.id, txnNumber: Long.fromNumber(session.serverSession.txnNumber), autocommit: false }
    const socket = await WireSocket.open(engine.uri)
    const abort = opMsg([bodySection({ abortTransaction: 1, ...fields, $db: 'admin' })])
    expect(msgDocument(await socket.request(abort))).toMatchObject({ ok: 0, code: 256 })
    await socket.end()
  })

  it.each([
    ['endSessions', (id: unknown) => ({ endSessions: [id] })],
    ['killSessions', (id: unknown) => ({ killSessions: [id] })],
  ])('%s ends what is open', async (_name, command) => {
    const collection = await engine.collection(THREE)
    const session = begin()
    await collection.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session })
    await engine.client.db('admin').command(command(session.id))
    await collection.updateOne({ _id: 1 }, { $inc: { n: 5 } })
    expect(await codeOf(session.commitTransaction())).toEqual([251, 'NoSuchTransaction'])
    expect(await collection.findOne({ _id: 1 })).toMatchObject({ n: 15 })
  })

  it('one that takes too long is aborted, and what it held is free', async () => {
    const short: Engine = await startEngine({ args: ['--transaction-ms', '200'] })
    const client = await MongoClient.connect(short.uri)
    try {
      const collection = client.db('d').collection<Doc>('c')
      await collection.insertOne({ _id: 1, n: 0 })
      const session = client.startSession()
      session.startTransaction()
      await collection.updateOne({ _id: 1 }, { $set: { n: 1 } }, { session })
      await collection.updateOne({ _id: 1 }, { $set: { n: 2 } })
      const late = await serverError(collection.findOne({}, { session }))
      expect([late.code, late.hasErrorLabel(LABEL)]).toEqual([251, true])
      expect(await collection.findOne()).toEqual({ _id: 1, n: 2 })
      await session.endSession()
    } finally {
      await client.close()
      await short.stop()
    }
  })
})

describe('indexes', () => {
  const NEW = 'made-with-indexes'
  const UNIQUE = { name: 'n_1', key: { n: 1 }, unique: true }
  const create = (session: ClientSession, indexes: readonly Document[] = [UNIQUE], name = NEW) =>
    engine.db.command({ createIndexes: name, indexes }, { session })
  beforeEach(async () => {
    await engine.db.dropCollection(NEW).catch(() => undefined)
  })

  it('of a collection that the transaction makes come with the commit, and hold within it', async () => {
    const collection = engine.db.collection<Doc>(NEW)
    const session = begin()
    const made = { numIndexesBefore: 1, numIndexesAfter: 2 }
    expect(await create(session)).toMatchObject({ ...made, createdCollectionAutomatically: true })
    expect(await create(session)).toMatchObject({ numIndexesBefore: 2, note: 'all indexes already exist' })
    expect(await create(session, [{ name: 'tags_1', key: { tags: 1 } }])).toMatchObject({
      numIndexesBefore: 2,
      numIndexesAfter: 3,
      createdCollectionAutomatically: false,
    })
    await collection.insertOne({ _id: 1, n: 1, tags: ['a', 'b'] }, { session })
    const byTag = () => collection.find({ tags: 'b' }, { session, hint: 'tags_1' }).toArray()
    expect(await byTag()).toEqual([{ _id: 1, n: 1, tags: ['a', 'b'] }])
    expect(await engine.db.listCollections({ name: NEW }).toArray()).toEqual([])
    await session.commitTransaction()
    expect((await collection.indexes()).map(({ name }) => name)).toEqual(['_id_', 'n_1', 'tags_1'])
    expect(await codeOf(collection.insertOne({ _id: 2, n: 1 }))).toEqual([11_000, undefined])
    expect(await idsOf(collection.find({ tags: 'a' }).hint('tags_1').toArray())).toEqual([1])
    expect(await engine.db.command({ validate: NEW, full: true })).toMatchObject({ valid: true, nIndexes: 3 })
  })

  it('a unique one refuses the second document within the transaction', async () => {
    const collection = engine.db.collection<Doc>(NEW)
    const session = begin()
    await create(session)
    await collection.insertOne({ _id: 1, n: 1 }, { session })
    expect(await codeOf(collection.insertOne({ _id: 2, n: 1 }, { session }))).toEqual([11_000, undefined])
  })

  it('are gone with the transaction, and their place is free for others', async () => {
    const session = begin()
    await create(session)
    await engine.db.collection<Doc>(NEW).insertOne({ _id: 1, n: 1 }, { session })
    await session.abortTransaction()
    const collection = engine.db.collection<Doc>(NEW)
    expect(await engine.db.listCollections({ name: NEW }).toArray()).toEqual([])
    await collection.createIndexes([UNIQUE, { key: { a: 1 } }])
    await collection.insertMany([{ n: 1 }, { n: 2 }])
    expect(await engine.db.command({ validate: NEW, full: true })).toMatchObject({ valid: true, nrecords: 2 })
  })

  it('of one that was there, or has documents, are refused', async () => {
    const collection = await engine.collection(THREE)
    const there = begin()
    await collection.findOne({}, { session: there })
    const error = await serverError(create(there, [UNIQUE], collection.collectionName))
    expect([error.code, error.message]).toEqual([
      263,
      `Cannot create new indexes on existing collection ${collection.namespace} in a multi-document transaction.`,
    ])
    const filled = begin()
    await engine.db.collection<Doc>(NEW).insertOne({ _id: 1 }, { session: filled })
    expect((await serverError(create(filled))).message).toMatch(/^Cannot create new indexes on non-empty collection/)
  })
})

describe('what is refused', () => {
  it.each(['count', 'listCollections', 'drop', 'dropIndexes', 'ping'])('%s', async (name) => {
    const session = begin()
    await (await engine.collection(THREE)).findOne({}, { session })
    expect(await codeOf(engine.db.command({ [name]: 'c' }, { session }))).toEqual([
      263,
      'OperationNotSupportedInTransaction',
    ])
  })

  it('numbers without a session, and combinations that make no sense', async () => {
    const find = { find: 'c', filter: {} }
    const code = async (more: Document) => {
      const error = await engine.db.command({ ...find, ...more }).catch((e: unknown) => e)
      return (error as MongoServerError).code
    }
    expect(await code({ autocommit: false })).toBe(72)
    expect(await code({ startTransaction: true })).toBe(72)
    expect(await code({ txnNumber: 1 })).toBe(50_768)
    expect(await code({ readConcern: { level: 'nonsense' } })).toBe(2)
    expect(await code({ writeConcern: { w: 51 } })).toBe(9)
  })
})
