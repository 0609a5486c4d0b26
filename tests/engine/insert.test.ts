import { type Document, MongoBulkWriteError, ObjectId } from 'mongodb'
import { TIMES, serverError, useEngine } from './use-engine'

const KIB = 1024
const DOCUMENT_BYTES_MAX = 16 * KIB * KIB

const engine = useEngine()

/** The reply itself: `insertMany` turns it into an error of the driver's own. */
const insert = (collection: string, documents: Document[], more: Document = {}) =>
  engine.db.command({ insert: collection, documents, ...more })

const duplicateOf = (ns: string, index: number, id: number) => ({
  index,
  code: 11_000,
  keyPattern: { _id: 1 },
  keyValue: { _id: id },
  errmsg: `E11000 duplicate key error collection: ${ns} index: _id_ dup key: { _id: ${id} }`,
})

it('says how many', async () => {
  expect(await insert('says', [{ a: 1 }, { a: 2 }, { a: 3 }])).toEqual({ n: 3, ok: 1, ...TIMES })
})

it('gives a document without _id an ObjectId, and puts it first', async () => {
  await insert('generated', [{ b: 1, a: 2 }])
  const found = await engine.db.collection('generated').findOne()
  expect(Object.keys(found ?? {})).toEqual(['_id', 'b', 'a'])
  expect(found?.['_id']).toBeInstanceOf(ObjectId)
})

it('puts a given _id first', async () => {
  await insert('moved', [{ b: 1, _id: 7, a: 2 }])
  expect(Object.entries((await engine.db.collection('moved').findOne()) ?? {})).toEqual([
    ['_id', 7],
    ['b', 1],
    ['a', 2],
  ])
})

it('_id may be of nearly any type, and null once', async () => {
  const collection = await engine.collection()
  const ids = [null, 'text', 1.5, true, new Date(0), { a: 1, b: [2] }]
  expect(
    await insert(
      collection.collectionName,
      ids.map((_id) => ({ _id })),
    ),
  ).toEqual({ n: 6, ok: 1, ...TIMES })
  for (const _id of ids) expect(await collection.findOne({ _id })).toEqual({ _id })
  expect(await insert(collection.collectionName, [{ _id: null }])).toMatchObject({ n: 0 })
})

describe('write errors', () => {
  it('ordered: stops at the first', async () => {
    const collection = await engine.collection()
    const documents = [{ _id: 1 }, { _id: 2 }, { _id: 1 }, { _id: 3 }]
    expect(await insert(collection.collectionName, documents)).toEqual({
      n: 2,
      writeErrors: [duplicateOf(collection.namespace, 2, 1)],
      ok: 1,
      ...TIMES,
    })
    expect(await collection.find().toArray()).toEqual([{ _id: 1 }, { _id: 2 }])
  })

  it('unordered: does all that it can, and lists every failure with its place', async () => {
    const collection = await engine.collection()
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }, { _id: 2 }, { _id: 3 }]
    expect(await insert(collection.collectionName, documents, { ordered: false })).toEqual({
      n: 3,
      writeErrors: [duplicateOf(collection.namespace, 1, 1), duplicateOf(collection.namespace, 3, 2)],
      ok: 1,
      ...TIMES,
    })
    expect(await collection.countDocuments()).toBe(3)
  })

  it('a unique index: names the index, its key pattern and the value', async () => {
    const collection = await engine.collection([{ _id: 1, email: 'a@example.com', org: 5 }])
    await collection.createIndexes([{ key: { email: 1, org: -1 }, unique: true }])
    const reply = await insert(collection.collectionName, [{ _id: 2, org: 5, email: 'a@example.com' }])
    expect(reply).toEqual({
      n: 0,
      writeErrors: [
        {
          index: 0,
          code: 11_000,
          keyPattern: { email: 1, org: -1 },
          keyValue: { email: 'a@example.com', org: 5 },
          errmsg:
            `E11000 duplicate key error collection: ${collection.namespace} ` +
            'index: email_1_org_-1 dup key: { email: "a@example.com", org: 5 }',
        },
      ],
      ok: 1,
      ...TIMES,
    })
  })

  it('a document that one unique index refuses has left nothing in the others', async () => {
    const collection = await engine.collection([{ _id: 1, a: 1, b: 1 }])
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    await collection.createIndexes([{ key: { b: 1 }, unique: true }])
    expect(await insert(collection.collectionName, [{ _id: 2, a: 2, b: 1 }])).toMatchObject({ n: 0 })
    expect(await insert(collection.collectionName, [{ _id: 3, a: 2, b: 2 }])).toEqual({ n: 1, ok: 1, ...TIMES })
    expect(await collection.find({ a: 2 }).toArray()).toEqual([{ _id: 3, a: 2, b: 2 }])
  })

  it('the driver makes a MongoBulkWriteError of them', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    const call = collection.insertMany([{ _id: 1 }, { _id: 2 }], { ordered: false })
    const error = await call.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MongoBulkWriteError)
    expect(error).toMatchObject({ code: 11_000, insertedCount: 1, writeErrors: [{ index: 0, code: 11_000 }] })
  })

  it.each([
    ['an array as _id', { _id: [1] }, 53],
    ['a regular expression as _id', { _id: /a/ }, 53],
    ['undefined operators in _id', { _id: { $a: 1 } }, 52],
  ])('%s', async (_, document, code) => {
    const reply = await insert('bad_ids', [document])
    expect(reply).toMatchObject({ n: 0, ok: 1, writeErrors: [{ index: 0, code }] })
    expect(await engine.db.collection('bad_ids').countDocuments()).toBe(0)
  })
})

describe('bounds', () => {
  it('a document of 16 MiB less a little comes back whole', async () => {
    const collection = await engine.collection()
    const text = 'x'.repeat(DOCUMENT_BYTES_MAX - KIB)
    await collection.insertOne({ _id: 1, text })
    expect(((await collection.findOne({ _id: 1 })) as Document | null)?.['text'] === text).toBe(true)
  })

  it('one above 16 MiB is refused with 10334, and nothing of it is stored', async () => {
    const collection = await engine.collection()
    const big = { _id: 1, text: 'x'.repeat(DOCUMENT_BYTES_MAX) }
    const call = insert(collection.collectionName, [big]).then((reply) => {
      const [error] = (reply['writeErrors'] ?? []) as Document[]
      return error?.['code'] as unknown
    })
    expect(await call.catch((error: unknown) => (error as { code?: unknown }).code)).toBe(10_334)
    expect(await collection.countDocuments()).toBe(0)
  })

  it('an update cannot grow a document above 16 MiB', async () => {
    const collection = await engine.collection()
    await collection.insertOne({ _id: 1, a: 'x'.repeat(10 * KIB * KIB) })
    const error = await serverError(collection.updateOne({}, { $set: { b: 'x'.repeat(10 * KIB * KIB) } }))
    expect([10_334, 17_419]).toContain(error.code)
    expect(await collection.countDocuments({ b: { $exists: true } })).toBe(0)
  })

  it('no documents, or too many, are no batch: 16', async () => {
    expect(await serverError(insert('none', []))).toMatchObject({ code: 16, codeName: 'InvalidLength' })
    const tooMany = Array.from({ length: 100_001 }, () => ({}))
    expect(await serverError(insert('many', tooMany))).toMatchObject({ code: 16, codeName: 'InvalidLength' })
  })

  it('10,000 documents in one call', async () => {
    const collection = await engine.collection()
    const documents = Array.from({ length: 10_000 }, (_, n) => ({ _id: n, n }))
    expect((await collection.insertMany(documents)).insertedCount).toBe(10_000)
    expect(await collection.countDocuments()).toBe(10_000)
  })
})
