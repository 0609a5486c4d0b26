import { type Collection, type Document, Long, MongoBulkWriteError } from 'mongodb'
import { TIMES, type Doc, codeOf, idsOf, serverError, useEngine } from './use-engine'

const engine = useEngine()
const ID_INDEX = { v: 2, key: { _id: 1 }, name: '_id_' }

const createIndexes = (collection: Collection<Doc>, ...indexes: Document[]) =>
  engine.db.command({ createIndexes: collection.collectionName, indexes })

/** The codes with which documents, one after the other, are refused; undefined for those that are stored. */
async function insertCodes(collection: Collection<Doc>, documents: readonly Doc[]): Promise<unknown[]> {
  const codes: unknown[] = []
  for (const document of documents) {
    await collection.insertOne({ ...document }).then(
      () => codes.push(undefined),
      (error: unknown) => codes.push((error as { code?: unknown }).code),
    )
  }
  return codes
}

describe('createIndexes', () => {
  it('says how many there were and are, and whether it created the collection', async () => {
    const collection = await engine.collection()
    const a = { key: { a: 1 }, name: 'a_1' }
    const b = { key: { b: 1 }, name: 'b_1' }
    expect(await createIndexes(collection, a)).toEqual({
      numIndexesBefore: 1,
      numIndexesAfter: 2,
      createdCollectionAutomatically: true,
      ok: 1,
      ...TIMES,
    })
    expect(await createIndexes(collection, a, b)).toEqual({
      numIndexesBefore: 2,
      numIndexesAfter: 3,
      createdCollectionAutomatically: false,
      ok: 1,
      ...TIMES,
    })
    expect(await createIndexes(collection, a, b)).toMatchObject({
      numIndexesBefore: 3,
      numIndexesAfter: 3,
      note: 'all indexes already exist',
      ok: 1,
      ...TIMES,
    })
  })

  it('listIndexes gives back every option that was set, and no other', async () => {
    const collection = await engine.collection()
    const specifications = [
      { key: { a: 1 }, name: 'single' },
      { key: { a: 1, b: -1 }, name: 'compound' },
      { key: { u: 1 }, name: 'unique', unique: true },
      { key: { s: 1 }, name: 'sparse', sparse: true },
      { key: { p: 1 }, name: 'partial', partialFilterExpression: { p: { $type: 'string' } } },
      { key: { t: 1 }, name: 'ttl', expireAfterSeconds: 3_600 },
      { key: { 'x.y': 1 }, name: 'nested' },
    ]
    await createIndexes(collection, ...specifications)
    expect(await collection.indexes()).toEqual([ID_INDEX, ...specifications.map((one) => ({ v: 2, ...one }))])
  })

  it('the _id index is there already, whatever name it is asked for by', async () => {
    const collection = await engine.collection([{ a: 1 }])
    expect(await createIndexes(collection, { key: { _id: 1 }, name: '_id_1' })).toMatchObject({
      numIndexesAfter: 1,
      ok: 1,
      ...TIMES,
    })
    expect(await collection.indexes()).toEqual([ID_INDEX])
  })

  it('the driver names an index after its fields', async () => {
    const collection = await engine.collection()
    expect(await collection.createIndexes([{ key: { a: 1, 'b.c': -1 } }])).toEqual(['a_1_b.c_-1'])
    expect((await collection.indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1_b.c_-1'])
  })

  it.each<[string, Document, Document, number, string]>([
    [
      'the same keys under another name',
      { key: { a: 1 }, name: 'x' },
      { key: { a: 1 }, name: 'y' },
      85,
      'IndexOptionsConflict',
    ],
    [
      'another key under the same name',
      { key: { a: 1 }, name: 'x' },
      { key: { b: 1 }, name: 'x' },
      86,
      'IndexKeySpecsConflict',
    ],
    [
      'the same name and key, now unique',
      { key: { a: 1 }, name: 'x' },
      { key: { a: 1 }, name: 'x', unique: true },
      86,
      'IndexKeySpecsConflict',
    ],
    [
      'the same name and key, with another TTL',
      { key: { a: 1 }, name: 'x', expireAfterSeconds: 1 },
      { key: { a: 1 }, name: 'x', expireAfterSeconds: 2 },
      85,
      'IndexOptionsConflict',
    ],
  ])('a conflict: %s', async (_, first, second, code, codeName) => {
    const collection = await engine.collection()
    await createIndexes(collection, first)
    expect(await codeOf(createIndexes(collection, second))).toEqual([code, codeName])
    expect(await collection.indexes()).toEqual([ID_INDEX, { v: 2, ...first }])
  })

  it.each<[string, Document, number, string]>([
    ['no name', { key: { a: 1 } }, 9, 'FailedToParse'],
    ['no key', { name: 'x' }, 9, 'FailedToParse'],
    ['an empty key', { key: {}, name: 'x' }, 67, 'CannotCreateIndex'],
    ['a direction of 0', { key: { a: 0 }, name: 'x' }, 67, 'CannotCreateIndex'],
    ['an unknown plug-in', { key: { a: 'nonsense' }, name: 'x' }, 67, 'CannotCreateIndex'],
    ['an empty part of a path', { key: { 'a..b': 1 }, name: 'x' }, 67, 'CannotCreateIndex'],
    ['an unknown option', { key: { a: 1 }, name: 'x', surprise: 1 }, 197, 'InvalidIndexSpecificationOption'],
    [
      'sparse and partial',
      { key: { a: 1 }, name: 'x', sparse: true, partialFilterExpression: { a: 1 } },
      67,
      'CannotCreateIndex',
    ],
    ['a TTL over two fields', { key: { a: 1, b: 1 }, name: 'x', expireAfterSeconds: 1 }, 67, 'CannotCreateIndex'],
    ['a negative TTL', { key: { a: 1 }, name: 'x', expireAfterSeconds: -1 }, 67, 'CannotCreateIndex'],
    [
      'a filter that no partial index may have',
      { key: { a: 1 }, name: 'x', partialFilterExpression: { a: { $exists: false } } },
      67,
      'CannotCreateIndex',
    ],
  ])('refuses %s', async (_, specification, code, codeName) => {
    const collection = await engine.collection([{ a: 1 }])
    expect(await codeOf(createIndexes(collection, specification))).toEqual([code, codeName])
    expect(await collection.indexes()).toEqual([ID_INDEX])
  })

  it('is built over what is there, and knows what comes later', async () => {
    const collection = await engine.collection(Array.from({ length: 500 }, (_, n) => ({ _id: n, a: n % 10 })))
    await collection.createIndexes([{ key: { a: 1 } }])
    await collection.insertOne({ _id: 500, a: 3 })
    await collection.updateOne({ _id: 3 }, { $set: { a: 4 } })
    await collection.deleteOne({ _id: 13 })
    const byIndex = (a: number) => collection.find({ a }).hint({ a: 1 }).toArray()
    expect(await byIndex(3)).toHaveLength(49)
    expect(await byIndex(4)).toHaveLength(51)
  })

  it('a unique one over duplicates fails with 11000, and leaves no index', async () => {
    const collection = await engine.collection([
      { _id: 1, a: 5 },
      { _id: 2, a: 5 },
    ])
    const error = await serverError(createIndexes(collection, { key: { a: 1 }, name: 'a_1', unique: true }))
    expect(error.errorResponse).toMatchObject({
      ok: 0,
      code: 11_000,
      codeName: 'DuplicateKey',
      keyPattern: { a: 1 },
      keyValue: { a: 5 },
    })
    expect(error.errmsg).toContain(
      `E11000 duplicate key error collection: ${collection.namespace} index: a_1 dup key: { a: 5 }`,
    )
    expect(await collection.indexes()).toEqual([ID_INDEX])
    expect(await insertCodes(collection, [{ a: 5 }])).toEqual([undefined])
  })
})

describe('dropIndexes', () => {
  const withIndexes = async () => {
    const collection = await engine.collection([{ a: 1 }])
    await createIndexes(
      collection,
      { key: { a: 1 }, name: 'a_1' },
      { key: { b: 1 }, name: 'b_1' },
      { key: { c: 1 }, name: 'c_1' },
    )
    const drop = (index: unknown) => engine.db.command({ dropIndexes: collection.collectionName, index })
    const names = async () => (await collection.indexes()).map(({ name }) => name)
    return { drop, names }
  }

  it.each<[string, unknown, string[]]>([
    ['a name', 'a_1', ['_id_', 'b_1', 'c_1']],
    ['a key', { b: 1 }, ['_id_', 'a_1', 'c_1']],
    ['a list of names', ['a_1', 'c_1'], ['_id_', 'b_1']],
  ])('by %s', async (_, index, left) => {
    const { drop, names } = await withIndexes()
    expect(await drop(index)).toEqual({ nIndexesWas: 4, ok: 1, ...TIMES })
    expect(await names()).toEqual(left)
  })

  it('all but _id', async () => {
    const { drop, names } = await withIndexes()
    expect(await drop('*')).toMatchObject({ nIndexesWas: 4, ok: 1 })
    expect(await names()).toEqual(['_id_'])
  })

  it('refuses _id, and what is not there', async () => {
    const { drop, names } = await withIndexes()
    expect(await codeOf(drop('_id_'))).toEqual([72, 'InvalidOptions'])
    expect(await codeOf(drop('nope'))).toEqual([27, 'IndexNotFound'])
    expect(await codeOf(drop({ nope: 1 }))).toEqual([27, 'IndexNotFound'])
    expect(await codeOf(engine.db.command({ dropIndexes: 'never_was', index: '*' }))).toEqual([26, 'NamespaceNotFound'])
    expect(await names()).toEqual(['_id_', 'a_1', 'b_1', 'c_1'])
  })

  it('listIndexes of a collection that is not there: 26', async () => {
    expect(await codeOf(engine.db.command({ listIndexes: 'never_was' }))).toEqual([26, 'NamespaceNotFound'])
  })

  it('a unique index that is gone refuses nothing', async () => {
    const collection = await engine.collection([{ a: 1 }])
    const [name] = await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    expect(await insertCodes(collection, [{ a: 1 }])).toEqual([11_000])
    await collection.dropIndex(name ?? '')
    expect(await insertCodes(collection, [{ a: 1 }])).toEqual([undefined])
  })
})

describe('what a unique index refuses', () => {
  it('the same value, also through update, replace and upsert', async () => {
    const collection = await engine.collection([
      { _id: 1, a: 1 },
      { _id: 2, a: 2 },
    ])
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    const expected = { code: 11_000, keyPattern: { a: 1 }, keyValue: { a: 1 } }
    await expect(collection.insertOne({ a: 1 })).rejects.toMatchObject(expected)
    await expect(collection.updateOne({ _id: 2 }, { $set: { a: 1 } })).rejects.toMatchObject(expected)
    await expect(collection.replaceOne({ _id: 2 }, { a: 1 })).rejects.toMatchObject(expected)
    await expect(collection.updateOne({ _id: 3 }, { $set: { a: 1 } }, { upsert: true })).rejects.toMatchObject(expected)
    expect((await collection.updateOne({ _id: 1 }, { $set: { a: 1, b: 1 } })).modifiedCount).toBe(1)
    expect(await collection.find().toArray()).toEqual([
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 2 },
    ])
  })

  it('a second document without the field: missing is null', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    expect(await insertCodes(collection, [{ x: 1 }, { x: 2 }, { a: null }])).toEqual([undefined, 11_000, 11_000])
  })

  it('sparse: any number of documents without the field, one with null', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { a: 1 }, unique: true, sparse: true }])
    const documents = [{ x: 1 }, { x: 2 }, { a: null }, { a: null }, { a: 1 }, { a: 1 }]
    expect(await insertCodes(collection, documents)).toEqual([
      undefined,
      undefined,
      undefined,
      11_000,
      undefined,
      11_000,
    ])
  })

  it('partial: only among the documents that its filter takes, and a change may move one in or out', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { email: 1 }, unique: true, partialFilterExpression: { active: true } }])
    const documents = [
      { _id: 1, email: 'a', active: true },
      { _id: 2, email: 'a', active: false },
      { _id: 3, email: 'a', active: true },
    ]
    expect(await insertCodes(collection, documents)).toEqual([undefined, undefined, 11_000])
    const activate = (_id: number, active: boolean) => collection.updateOne({ _id }, { $set: { active } })
    await expect(activate(2, true)).rejects.toMatchObject({ code: 11_000 })
    await activate(1, false)
    await activate(2, true)
    await expect(activate(1, true)).rejects.toMatchObject({ code: 11_000 })
  })

  it('multikey: an element that another document has, but not one twice in the same document', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { tags: 1 }, unique: true }])
    const documents = [{ tags: ['a', 'b', 'a'] }, { tags: ['c', 'b'] }, { tags: 'a' }, { tags: ['d'] }]
    expect(await insertCodes(collection, documents)).toEqual([undefined, 11_000, 11_000, undefined])
  })

  it('values that are told apart by type or case are different', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    const values = ['1', 1, true, 'a', 'A', { a: 1 }, { a: '1' }, new Date(1)]
    expect(
      await insertCodes(
        collection,
        values.map((a) => ({ a })),
      ),
    ).toEqual(values.map(() => undefined))
  })

  it('long values that differ only at their end', async () => {
    const collection = await engine.collection()
    await collection.createIndexes([{ key: { a: 1 }, unique: true }])
    const long = 'x'.repeat(5_000)
    const documents = [
      { _id: 1, a: `${long}1` },
      { _id: 2, a: `${long}2` },
      { _id: 3, a: `${long}1` },
    ]
    expect(await insertCodes(collection, documents)).toEqual([undefined, undefined, 11_000])
    expect(await collection.find({ a: `${long}2` }).toArray()).toMatchObject([{ _id: 2 }])
    const sorted = await collection
      .find({}, { projection: { _id: 1 } })
      .sort({ a: -1 })
      .toArray()
    expect(sorted).toEqual([{ _id: 2 }, { _id: 1 }])
  })
})

it('equal elements of one document have one entry, also where a collation makes them equal', async () => {
  const collection = await engine.collection()
  const collation = { locale: 'en', strength: 2 }
  await collection.createIndexes([
    { key: { a: 1 }, name: 'plain' },
    { key: { a: 1 }, name: 'folded', collation },
  ])
  await collection.insertOne({ _id: 1, a: [1, 2, Long.fromNumber(1), 1, 'x', 'X', [1], [1]] })
  await collection.updateOne({ _id: 1 }, { $push: { a: { $each: [2, 'x'] } } } as Document)
  expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({
    valid: true,
    keysPerIndex: { _id_: 1, plain: 5, folded: 4 },
  })
  expect(await collection.find({ a: 'X' }).collation(collation).hint('folded').toArray()).toHaveLength(1)
})

it('a document that looks like a reference has its entries, and loses them', async () => {
  const collection = await engine.collection()
  await collection.createIndex({ t: 1 })
  await collection.insertMany([1, 2, 3].map((_id) => ({ _id, t: _id, $ref: 'other', $id: 7 })))
  expect(await collection.find({ t: 2 }).project({ t: 1 }).toArray()).toEqual([{ _id: 2, t: 2 }])
  await collection.updateOne({ t: 2 }, { $inc: { t: 10 } })
  expect(await collection.deleteMany({ $expr: { $lt: ['$$ROOT.t', 4] } })).toMatchObject({ deletedCount: 2 })
  const validity = await engine.db.command({ validate: collection.collectionName })
  expect(validity).toMatchObject({ valid: true, keysPerIndex: { _id_: 1, t_1: 1 } })
  await collection.deleteMany({})
  expect(await engine.db.command({ validate: collection.collectionName })).toMatchObject({
    valid: true,
    keysPerIndex: { t_1: 0 },
  })
})

it('two arrays in one compound index: 171', async () => {
  const collection = await engine.collection()
  await collection.createIndexes([{ key: { a: 1, b: 1 } }])
  const error = await collection.insertMany([{ a: [1], b: [2] }]).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MongoBulkWriteError)
  expect(error).toMatchObject({ code: 171 })
  expect(
    await insertCodes(collection, [
      { a: [1], b: 2 },
      { a: 1, b: [2] },
    ]),
  ).toEqual([undefined, undefined])
})

it('changes within long arrays keep the entries of all elements', async () => {
  const collection = await engine.collection(
    [0, 1].map((_id) => ({ _id, list: Array.from({ length: 1_000 }, (_, i) => (i % 500) * 2 + _id) })),
  )
  await collection.createIndexes([{ key: { list: 1 } }])
  const changes: Document[] = [
    { $push: { list: 5_000 } },
    { $push: { list: { $each: [6_000, 0], $position: 3 } } },
    { $set: { 'list.7': 7_000 } }, // the value that was there comes once more
    { $pull: { list: 20 } }, // twice
    { $pop: { list: -1 } },
    { $unset: { 'list.9': '' } },
  ]
  for (const change of changes) {
    await collection.updateOne({ _id: 0 }, change)
    const validity = await engine.db.command({ validate: collection.collectionName })
    expect(validity).toMatchObject({ valid: true, errors: [] })
  }
  const found = (n: number | null) => idsOf(collection.find({ list: n }, { hint: { list: 1 } }).toArray())
  expect(await Promise.all([5_000, 6_000, 7_000, null, 14, 1].map(found))).toEqual([[0], [0], [0], [0], [0], [1]])
  expect(await found(20)).toEqual([])
  expect((await engine.db.command({ validate: collection.collectionName }))['keysPerIndex']).toEqual({
    _id_: 2,
    list_1: 1_003,
  })
})
