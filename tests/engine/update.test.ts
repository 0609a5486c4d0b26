import { type Document, Double, Int32, Long, ObjectId, type UpdateFilter } from 'mongodb'
import { TIMES, type Doc, serverError, useEngine } from './use-engine'

const engine = useEngine()

interface Statement {
  readonly q: Document
  readonly u: Document | readonly Document[]
  readonly multi?: boolean
  readonly upsert?: boolean
  readonly arrayFilters?: readonly Document[]
}

/** The reply of the command itself: the driver shows only a part of it. */
const update = (collection: string, updates: readonly Statement[], more: Document = {}) =>
  engine.db.command({ update: collection, updates, ...more })

describe('operators', () => {
  it.each<[Document, Document, Document]>([
    [{ a: 1 }, { $set: { a: 2, b: 3 } }, { a: 2, b: 3 }],
    [{ a: 1 }, { $set: { 'x.y.z': 1 } }, { a: 1, x: { y: { z: 1 } } }],
    [{ a: [1, 2] }, { $set: { 'a.1': 9, 'a.3': 4 } }, { a: [1, 9, null, 4] }],
    [{ a: 1 }, { $set: { d: 1, c: 2, b: 3 } }, { a: 1, b: 3, c: 2, d: 1 }], // new fields come in the order of their names
    [{ a: 1, b: 2 }, { $unset: { a: '', nope: '' } }, { b: 2 }],
    [{ a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } }, { a: { c: 2 } }],
    [{ a: [1, 2, 3] }, { $unset: { 'a.1': '' } }, { a: [1, null, 3] }],
    [{ a: 1 }, { $inc: { a: 2, b: -5 } }, { a: 3, b: -5 }],
    [{ a: 3 }, { $mul: { a: 4, b: 2 } }, { a: 12, b: 0 }],
    [{ a: 3, b: 3 }, { $min: { a: 1, b: 5, c: 7 } }, { a: 1, b: 3, c: 7 }],
    [{ a: 3, b: 3 }, { $max: { a: 1, b: 5, c: 7 } }, { a: 3, b: 5, c: 7 }],
    [{ a: 3 }, { $max: { a: 'text' } }, { a: 'text' }],
    [{ a: 1, b: 2 }, { $rename: { a: 'c', nope: 'x' } }, { b: 2, c: 1 }],
    [{ a: 1, b: 2 }, { $rename: { a: 'b' } }, { b: 1 }],
    [{ a: 1 }, { $setOnInsert: { b: 2 } }, { a: 1 }],
    [{ a: 13 }, { $bit: { a: { and: 10 } } }, { a: 8 }],
    [{ a: 3 }, { $bit: { a: { or: 4 } } }, { a: 7 }],
    [{ a: 5 }, { $bit: { a: { xor: 1 } } }, { a: 4 }],
    [{ a: [1] }, { $push: { a: 2, b: 'new' } }, { a: [1, 2], b: ['new'] }],
    [{ a: [1] }, { $push: { a: [2, 3] } }, { a: [1, [2, 3]] }],
    [{ a: [1] }, { $push: { a: { $each: [2, 3] } } }, { a: [1, 2, 3] }],
    [{ a: [1, 2] }, { $push: { a: { $each: [3, 4], $position: 1 } } }, { a: [1, 3, 4, 2] }],
    [{ a: [1, 2] }, { $push: { a: { $each: [3], $position: -1 } } }, { a: [1, 3, 2] }],
    [{ a: [3, 1] }, { $push: { a: { $each: [2], $sort: 1 } } }, { a: [1, 2, 3] }],
    [
      { a: [{ n: 1 }] },
      { $push: { a: { $each: [{ n: 3 }, { n: 2 }], $sort: { n: -1 }, $slice: 2 } } },
      { a: [{ n: 3 }, { n: 2 }] },
    ],
    [{ a: [1, 2, 3] }, { $push: { a: { $each: [4], $slice: -2 } } }, { a: [3, 4] }],
    [{ a: [1, 2, 3] }, { $push: { a: { $each: [], $slice: 0 } } }, { a: [] }],
    [{ a: [1] }, { $addToSet: { a: 1, b: 1 } }, { a: [1], b: [1] }],
    [{ a: [1] }, { $addToSet: { a: { $each: [1, 2, 2, 3] } } }, { a: [1, 2, 3] }],
    [
      { a: [{ x: 1, y: 2 }] },
      { $addToSet: { a: { y: 2, x: 1 } } },
      {
        a: [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      },
    ],
    [{ a: [1, 2, 3, 2] }, { $pull: { a: 2 } }, { a: [1, 3] }],
    [{ a: [1, 5, 9] }, { $pull: { a: { $gte: 5 } } }, { a: [1] }],
    [{ a: [{ x: 1, y: 2 }, { x: 2 }] }, { $pull: { a: { x: 1 } } }, { a: [{ x: 2 }] }],
    [{ a: [1, 2, 3, 2] }, { $pullAll: { a: [2, 3] } }, { a: [1] }],
    [{ a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }],
    [{ a: [1, 2, 3] }, { $pop: { a: -1 } }, { a: [2, 3] }],
  ])('%j, %j', async (before, change, after) => {
    const collection = await engine.collection([{ _id: 1, ...before }])
    expect(await collection.updateOne({ _id: 1 }, change)).toMatchObject({ acknowledged: true, matchedCount: 1 })
    const found = await collection.findOne({ _id: 1 })
    expect(found).toEqual({ _id: 1, ...after })
    expect(Object.keys(found ?? {})).toEqual(['_id', ...Object.keys(after)])
  })

  it('$currentDate sets a Date or a Timestamp', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    await collection.updateOne(
      {},
      { $currentDate: { at: true, date: { $type: 'date' }, stamp: { $type: 'timestamp' } } as never },
    )
    const found = await collection.findOne()
    expect(found).toMatchObject({ at: expect.any(Date), date: expect.any(Date), stamp: { _bsontype: 'Timestamp' } })
    expect(Math.abs(Date.now() - (found?.['at'] as Date).getTime())).toBeLessThan(5_000)
  })

  it.each<[string, unknown, unknown, unknown]>([
    ['int + int', new Int32(1), new Int32(2), new Int32(3)],
    ['int + long', new Int32(1), Long.fromNumber(2), Long.fromNumber(3)],
    ['int + double', new Int32(1), new Double(2), new Double(3)],
    ['long + int', Long.fromString('9007199254740993'), new Int32(1), Long.fromString('9007199254740994')],
    ['int beyond its range becomes a long', new Int32(2_147_483_647), new Int32(1), Long.fromString('2147483648')],
  ])('$inc: %s', async (_, before, by, after) => {
    const collection = await engine.collection([{ _id: 1, n: before }])
    await collection.updateOne({ _id: 1 }, { $inc: { n: by as number } })
    expect(await collection.findOne({}, { promoteValues: false, projection: { _id: 0 } })).toEqual({ n: after })
  })

  it('a long that would overflow is refused: 2', async () => {
    const collection = await engine.collection([{ _id: 1, n: Long.MAX_VALUE }])
    expect(await serverError(collection.updateOne({}, { $inc: { n: 1 } }))).toMatchObject({ code: 2 })
  })
})

describe('positions', () => {
  it.each<[Document, Document, UpdateFilter<Doc>, Document[] | undefined, Document]>([
    [{ a: [1, 2, 3, 2] }, { a: 2 }, { $set: { 'a.$': 9 } }, undefined, { a: [1, 9, 3, 2] }],
    [
      {
        a: [
          { k: 1, v: 1 },
          { k: 2, v: 1 },
        ],
      },
      { 'a.k': 2 },
      { $inc: { 'a.$.v': 5 } },
      undefined,
      {
        a: [
          { k: 1, v: 1 },
          { k: 2, v: 6 },
        ],
      },
    ],
    [
      {
        a: [
          { k: 1, v: 1 },
          { k: 1, v: 5 },
        ],
      },
      { a: { $elemMatch: { k: 1, v: { $gt: 2 } } } },
      { $set: { 'a.$.hit': true } },
      undefined,
      {
        a: [
          { k: 1, v: 1 },
          { k: 1, v: 5, hit: true },
        ],
      },
    ],
    [{ a: [1, 2, 3] }, {}, { $inc: { 'a.$[]': 10 } }, undefined, { a: [11, 12, 13] }],
    [{ a: [1, 5, 9] }, {}, { $set: { 'a.$[big]': 0 } }, [{ big: { $gte: 5 } }], { a: [1, 0, 0] }],
    [
      {
        a: [
          { k: 1, b: [1, 2] },
          { k: 2, b: [3] },
        ],
      },
      {},
      { $inc: { 'a.$[x].b.$[y]': 10 } },
      [{ 'x.k': 1 }, { y: { $gt: 1 } }],
      {
        a: [
          { k: 1, b: [1, 12] },
          { k: 2, b: [3] },
        ],
      },
    ],
    [
      {
        a: [
          { k: 1, b: 1 },
          { k: 2, b: 2 },
        ],
      },
      {},
      { $unset: { 'a.$[].b': '' } },
      undefined,
      { a: [{ k: 1 }, { k: 2 }] },
    ],
  ])('%j: %j, %j', async (before, filter, change, arrayFilters, after) => {
    const collection = await engine.collection([{ _id: 1, ...before }])
    await collection.updateOne(filter, change, arrayFilters ? { arrayFilters } : {})
    expect(await collection.findOne()).toEqual({ _id: 1, ...after })
  })
})

describe('the reply', () => {
  it('tells matched and modified apart', async () => {
    const { collectionName } = await engine.collection([{ _id: 1, a: 1 }])
    const q = { _id: 1 }
    expect(await update(collectionName, [{ q, u: { $set: { a: 1 } } }])).toEqual({
      n: 1,
      nModified: 0,
      ok: 1,
      ...TIMES,
      ...TIMES,
    })
    expect(await update(collectionName, [{ q, u: { $set: { a: 2 } } }])).toEqual({
      n: 1,
      nModified: 1,
      ok: 1,
      ...TIMES,
      ...TIMES,
    })
    expect(await update(collectionName, [{ q: { _id: 9 }, u: { $set: { a: 2 } } }])).toEqual({
      n: 0,
      nModified: 0,
      ok: 1,
      ...TIMES,
    })
  })

  it('lists every upsert with its place', async () => {
    const { collectionName } = await engine.collection([{ _id: 1 }])
    const u = { $set: { x: 1 } }
    const updates = [7, 1, 8].map((_id) => ({ q: { _id }, u, upsert: true }))
    expect(await update(collectionName, updates)).toEqual({
      n: 3,
      nModified: 1,
      upserted: [
        { index: 0, _id: 7 },
        { index: 2, _id: 8 },
      ],
      ok: 1,
      ...TIMES,
    })
  })

  it('ordered stops at a failure, unordered does not', async () => {
    const { collectionName, namespace } = await engine.collection([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
    const updates = [
      { q: { _id: 1 }, u: { $set: { a: 1 } } },
      { q: { _id: 2 }, u: { $set: { _id: 9 } } },
      { q: { _id: 3 }, u: { $set: { a: 1 } } },
    ]
    const writeErrors = [{ index: 1, code: 66, errmsg: expect.stringContaining("immutable field '_id'") }]
    expect(await update(collectionName, updates)).toEqual({ n: 1, nModified: 1, writeErrors, ok: 1, ...TIMES })
    expect(await update(collectionName, updates, { ordered: false })).toEqual({
      n: 2,
      nModified: 1,
      writeErrors,
      ok: 1,
      ...TIMES,
    })
    expect(namespace).toContain(collectionName)
  })

  it('a duplicate: index, key pattern and value', async () => {
    const collection = await engine.collection([
      { _id: 1, a: 1 },
      { _id: 2, a: 2 },
    ])
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    expect(await update(collection.collectionName, [{ q: { _id: 2 }, u: { $set: { a: 1 } } }])).toEqual({
      n: 0,
      nModified: 0,
      writeErrors: [
        {
          index: 0,
          code: 11_000,
          keyPattern: { a: 1 },
          keyValue: { a: 1 },
          errmsg: expect.stringMatching(/^E11000 duplicate key error collection: .* index: a_1 dup key: \{ a: 1 \}$/),
        },
      ],
      ok: 1,
      ...TIMES,
    })
  })
})

describe('many', () => {
  it('updateOne changes one, updateMany all', async () => {
    const collection = await engine.collection([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
    expect(await collection.updateOne({}, { $set: { a: 1 } })).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    expect(await collection.updateMany({}, { $set: { a: 1 } })).toMatchObject({ matchedCount: 3, modifiedCount: 2 })
    expect(await collection.countDocuments({ a: 1 })).toBe(3)
  })

  it('one that moves documents along its own index changes each once', async () => {
    const collection = await engine.collection(Array.from({ length: 3_000 }, (_, _id) => ({ _id, n: _id })))
    await collection.createIndexes([{ key: { n: 1 } }])
    const result = await collection.updateMany({ n: { $gte: 0 } }, { $inc: { n: 10_000 } })
    expect(result).toMatchObject({ matchedCount: 3_000, modifiedCount: 3_000 })
    expect(await collection.countDocuments({ n: { $gte: 10_000, $lt: 13_000 } })).toBe(3_000)
  })
})

describe('upsert', () => {
  it.each<[Document, Document | Document[], Document]>([
    [{ a: 1, b: { $gt: 5 } }, { $set: { c: 2 } }, { a: 1, c: 2 }],
    [{ 'a.b': 1 }, { $set: { c: 2 } }, { a: { b: 1 }, c: 2 }],
    [{ a: { $eq: 1 }, $and: [{ d: 4 }] }, { $inc: { n: 1 } }, { a: 1, d: 4, n: 1 }],
    [{ a: { $in: [5, 6] } }, { $setOnInsert: { made: true } }, { made: true }],
    [{ a: 1 }, { b: 2 }, { b: 2 }],
    [{ a: 1 }, [{ $set: { b: { $add: ['$a', 1] } } }], { a: 1, b: 2 }],
  ])('%j, %j', async (q, u, expected) => {
    const collection = await engine.collection([{ _id: 1, other: true }])
    const reply = await update(collection.collectionName, [{ q, u, upsert: true }])
    expect(reply).toEqual({ n: 1, nModified: 0, upserted: [{ index: 0, _id: expect.any(ObjectId) }], ok: 1, ...TIMES })
    const found = await collection.findOne({ other: { $exists: false } })
    expect(found).toEqual({ _id: reply['upserted'][0]._id, ...expected })
    expect(Object.keys(found ?? {})[0]).toBe('_id')
  })

  it('takes the _id from the filter, the change or the replacement', async () => {
    const collection = await engine.collection()
    const upsert = { upsert: true }
    expect(await collection.updateOne({ _id: 5 }, { $set: { a: 1 } }, upsert)).toMatchObject({
      upsertedId: 5,
      upsertedCount: 1,
    })
    expect(await collection.updateOne({ x: 1 }, { $setOnInsert: { _id: 6 } }, upsert)).toMatchObject({ upsertedId: 6 })
    expect(await collection.replaceOne({ _id: 7 }, { a: 1 }, upsert)).toMatchObject({ upsertedId: 7 })
    expect(await collection.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 5, a: 1 },
      { _id: 6, x: 1 },
      { _id: 7, a: 1 },
    ])
  })

  it('two values for one path: 54', async () => {
    const collection = await engine.collection()
    const call = collection.updateOne({ $and: [{ a: 1 }, { a: 2 }] }, { $set: { b: 1 } }, { upsert: true })
    expect(await serverError(call)).toMatchObject({ code: 54 })
  })
})

describe('replacement and pipeline', () => {
  it('a replacement keeps the _id and nothing else', async () => {
    const collection = await engine.collection([{ _id: 1, a: 1, b: 2 }])
    expect(await collection.replaceOne({ a: 1 }, { c: 3 })).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    expect(await collection.findOne()).toEqual({ _id: 1, c: 3 })
    expect(await collection.replaceOne({ _id: 1 }, { c: 3 })).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
    expect(await collection.replaceOne({ c: 3 }, { d: 4, _id: Long.fromNumber(1) as never, e: 5 })).toMatchObject({
      modifiedCount: 1,
    })
    const [replaced] = await collection.find({}, { promoteValues: false }).toArray()
    expect(Object.entries(replaced!)).toEqual([
      ['_id', new Int32(1)],
      ['d', new Int32(4)],
      ['e', new Int32(5)],
    ])
    await collection.replaceOne({ _id: 1 }, {})
    expect(await collection.findOne()).toEqual({ _id: 1 })
  })

  it('a replacement of what an upsert has made of names that are whole numbers', async () => {
    const collection = await engine.collection()
    await collection.updateOne({ _id: 1 }, { $set: { '2024': 5 } }, { upsert: true })
    const raw = (await collection.find({}, { raw: true }).toArray()) as unknown as Buffer[]
    expect(raw[0]!.toString('latin1', 5, 8)).toBe('_id')
    await collection.replaceOne({ '2024': 5 }, { _id: 1, a: 1 })
    expect(await collection.findOne()).toEqual({ _id: 1, a: 1 })
    await collection.replaceOne({ _id: 1 }, { '7': 1, a: 2 })
    expect(await collection.findOne({ a: 2 })).toEqual({ _id: 1, '7': 1, a: 2 })
  })

  it.each<[Document[], Document]>([
    [[{ $set: { c: { $add: ['$a', '$b'] } } }], { a: 1, b: 2, c: 3 }],
    [[{ $addFields: { 'd.e': '$a' } }], { a: 1, b: 2, d: { e: 1 } }],
    [[{ $unset: 'a' }], { b: 2 }],
    [[{ $project: { a: 1 } }], { a: 1 }],
    [[{ $replaceWith: { x: '$b' } }], { x: 2 }],
    [
      [{ $set: { a: { $cond: [{ $gt: ['$a', 0] }, 'plus', 'minus'] } } }, { $set: { b: '$a' } }],
      { a: 'plus', b: 'plus' },
    ],
  ])('%j', async (pipeline, expected) => {
    const collection = await engine.collection([{ _id: 1, a: 1, b: 2 }])
    await collection.updateOne({ _id: 1 }, pipeline)
    expect(await collection.findOne()).toEqual({ _id: 1, ...expected })
  })
})

describe('changes that cannot be', () => {
  it.each<[Document, Document | Document[], number]>([
    [{ _id: 1 }, { $set: { _id: 2 } }, 66],
    [{ _id: 1 }, { $unset: { _id: '' } }, 66],
    [{ _id: 1 }, { _id: 2, a: 1 }, 66],
    [{ _id: 1 }, { b: 1, $set: { a: 1 } }, 52],
    [{ _id: 1 }, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    [{ _id: 1 }, { $set: { a: 1, 'a.b': 1 } }, 40],
    [{ _id: 1 }, { $nope: { a: 1 } }, 9],
    [{ _id: 1 }, { $set: { text: 1 }, b: 1 }, 9],
    [{ _id: 1 }, { $set: 5 }, 9],
    [{ _id: 1 }, { $set: { 'text.b': 1 } }, 28],
    [{ _id: 1 }, { $set: { '': 1 } }, 56],
    [{ _id: 1 }, { $set: { 'a..b': 1 } }, 56],
    [{ _id: 1 }, { $inc: { text: 1 } }, 14],
    [{ _id: 1 }, { $inc: { a: 'x' } }, 14],
    [{ _id: 1 }, { $mul: { text: 2 } }, 14],
    [{ _id: 1 }, { $push: { text: 1 } }, 2],
    [{ _id: 1 }, { $addToSet: { text: 1 } }, 2],
    [{ _id: 1 }, { $pull: { text: 1 } }, 2],
    [{ _id: 1 }, { $pop: { text: 1 } }, 14],
    [{ _id: 1 }, { $pop: { list: 5 } }, 9],
    [{ _id: 1 }, { $rename: { text: 'text' } }, 2],
    [{ _id: 1 }, { $push: { list: { $each: 5 } } }, 2],
    [{ _id: 1 }, { $set: { 'list.$': 1 } }, 2],
    [{ _id: 1 }, { $set: { 'list.$[x]': 1 } }, 2],
    [{ _id: 1 }, { $bit: { list: { and: 1 } } }, 2],
    [{ _id: 1 }, [{ $match: {} }], 72],
  ])('%j, %j: %i', async (q, u, code) => {
    const before = { _id: 1, a: 1, text: 'text', list: [1, 2] }
    const collection = await engine.collection([before])
    // A statement that cannot be read may fail the command; one that cannot be done is a write error.
    const failure = await update(collection.collectionName, [{ q, u }]).then(
      (reply) => (reply['writeErrors'] as Document[] | undefined)?.[0]?.['code'] as unknown,
      (error: unknown) => (error as { code?: unknown }).code,
    )
    expect(failure).toBe(code)
    expect(await collection.findOne()).toEqual(before)
  })

  it('a replacement of many: 9', async () => {
    const { collectionName } = await engine.collection([{ _id: 1 }])
    expect(await update(collectionName, [{ q: {}, u: { a: 1 }, multi: true }])).toMatchObject({
      writeErrors: [{ index: 0, code: 9 }],
    })
  })

  it('a new document with an _id that is an array: 53', async () => {
    const { collectionName } = await engine.collection([{ _id: 1 }])
    for (const u of [{ _id: [1] }, { $set: { _id: [1] } }, [{ $set: { _id: [1] } }]]) {
      expect(await update(collectionName, [{ q: { a: 1 }, u, upsert: true }])).toMatchObject({
        writeErrors: [{ index: 0, code: 53 }],
      })
    }
    expect(await engine.db.collection(collectionName).countDocuments()).toBe(1)
  })

  it('an array filter that is not used: 9', async () => {
    const { collectionName } = await engine.collection([{ _id: 1, a: [1] }])
    const call = update(collectionName, [{ q: {}, u: { $set: { b: 1 } }, arrayFilters: [{ x: 1 }] }])
    expect(await call).toMatchObject({ writeErrors: [{ index: 0, code: 9 }] })
  })
})

describe('fields that neither the filter nor the update nor an index names', () => {
  const before = { first: 1, a: 1, '7': 'seven', second: { x: [1, null] }, b: 2, third: 'text' }

  const { a: _a, ...withoutA } = before
  const { b: _b, ...withoutBoth } = withoutA
  const hundred = Array.from({ length: 100 }, (_, i) => i)
  const inOrder = hundred.map((i) => [`a${i}`, { x: i }] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))

  // The fields of each in their order.
  it.each<[Document | Document[], Document]>([
    [{ $set: { a: 2 } }, { ...before, a: 2 }],
    [{ $set: { new: 1 } }, { ...before, new: 1 }],
    [{ $unset: { a: '', b: '' } }, withoutBoth],
    [{ $rename: { a: 'c' } }, { ...withoutA, c: 1 }],
    [{ $rename: { a: 'b' } }, { ...withoutA, b: 1 }],
    [
      { $rename: { a: 'third' }, $set: { first: 0 } },
      { ...withoutA, first: 0, third: 1 },
    ],
    [
      [{ $set: { a: { $add: ['$b', 1] }, new: '$second.x' } }, { $unset: ['b', 'nope'] }],
      { '7': 'seven', first: 1, a: 3, second: { x: [1, null] }, third: 'text', new: [1, null] },
    ],
    [[{ $unset: 'a' }, { $set: { a: 1 } }], { ...withoutA, a: 1 }],
    [{ $set: Object.fromEntries(hundred.map((i) => [`a${i}.x`, i])) }, { ...before, ...Object.fromEntries(inOrder) }],
    [[{ $set: { copy: '$$ROOT.first' } }], { ...before, copy: 1 }],
  ])('%j leaves them as they are, in their places', async (change, after) => {
    const collection = engine.db.collection<Doc>('unread')
    await collection.deleteMany({})
    await collection.insertOne({ _id: 1, ...before })
    await collection.createIndex({ b: 1 })
    await collection.updateOne({ a: 1 }, change)
    const { _id: _, ...found } = (await collection.findOne({ _id: 1 }))!
    expect(Object.entries(found)).toEqual(Object.entries(after))
    expect(await engine.db.command({ validate: 'unread', full: true })).toMatchObject({ valid: true })
  })

  it('an index and a validator that come during a long update have their say', async () => {
    const collection = engine.db.collection<Doc>('overtaken')
    const documents = Array.from({ length: 30_000 }, (_, _id) => ({ _id, a: 0, other: _id % 7 }))
    await collection.insertMany(documents)
    const update = collection.updateMany({}, { $inc: { a: 1 }, $set: { text: 'x'.repeat(200) } })
    const refused = update.then(
      () => undefined,
      (error: { code: number }) => error.code,
    )
    await collection.createIndex({ other: 1 })
    await engine.db.command({ collMod: 'overtaken', validator: { other: { $exists: true } } })
    expect(await refused).toBeUndefined()
    expect(await collection.countDocuments({ a: 1, other: { $gte: 0 } })).toBe(30_000)
    const validity = await engine.db.command({ validate: 'overtaken', full: true })
    expect(validity).toMatchObject({
      valid: true,
      keysPerIndex: { _id_: 30_000, other_1: 30_000 },
      nNonCompliantDocuments: 0,
    })
  })
})
