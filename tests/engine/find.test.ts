import {
  Binary,
  BSONRegExp,
  type Collection,
  Decimal128,
  type Document,
  Double,
  type Filter,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  type Sort,
  Timestamp,
} from 'mongodb'
import { type Doc, codeOf, idsOf, useEngine } from './use-engine'

const engine = useEngine()

/** Every query of a table runs without an index and with one on each field that it names. */
async function expectIds(documents: readonly Doc[], filter: Filter<Doc>, ids: readonly unknown[]) {
  const collection = await engine.collection(documents)
  expect(await idsOf(collection.find(filter).sort({ _id: 1 }).toArray())).toEqual(ids)
  const fields = Object.keys(filter).filter((key) => !key.startsWith('$'))
  for (const field of fields) if (field !== '_id') await collection.createIndexes([{ key: { [field]: 1 } }])
  for (const field of fields) {
    expect(
      await idsOf(
        collection
          .find(filter)
          .hint({ [field]: 1 })
          .sort({ _id: 1 })
          .toArray(),
      ),
    ).toEqual(ids)
  }
}

describe('order over all types', () => {
  // As the manual lists them under "Comparison/Sort Order"; equal neighbours are left out.
  const ASCENDING: readonly unknown[] = [
    new MinKey(),
    null,
    new Double(-Infinity),
    Long.MIN_VALUE,
    new Int32(-1),
    new Double(-0.5),
    new Int32(0),
    Decimal128.fromString('0.1'),
    new Double(0.5),
    Long.fromNumber(1),
    new Int32(2),
    Long.fromString('9007199254740992'),
    Long.fromString('9007199254740993'),
    Decimal128.fromString('9007199254740993.5'),
    new Double(1e300),
    new Double(Infinity),
    '',
    'A',
    'Z',
    'a',
    'aa',
    'b',
    'é',
    '日',
    {},
    { a: 1 },
    { a: 2 },
    { a: 2, b: 1 },
    { b: 0 },
    { a: 'x' },
    new Binary(Buffer.from([255])),
    new Binary(Buffer.from([0, 0])),
    new ObjectId('000000000000000000000001'),
    new ObjectId('ff0000000000000000000000'),
    false,
    true,
    new Date(-1),
    new Date(0),
    new Date(1),
    new Timestamp({ t: 1, i: 2 }),
    new Timestamp({ t: 2, i: 1 }),
    new BSONRegExp('a', ''),
    new BSONRegExp('a', 'i'),
    new BSONRegExp('b', ''),
    new MaxKey(),
  ]
  let collection: Collection<Doc>

  // Objects compare field by field, by the type of the value first: {a: 'x'} comes after {b: 0}.
  beforeAll(async () => {
    collection = await engine.collection(ASCENDING.map((v, i) => ({ _id: (i * 17) % ASCENDING.length, at: i, v })))
  })

  it.each([
    ['without an index', undefined],
    ['with one', 'v_1'],
  ])('sorts ascending and descending %s', async (_, index) => {
    if (index) await collection.createIndexes([{ key: { v: 1 } }])
    const expected = ASCENDING.map((_, i) => i)
    const sorted = async (direction: 1 | -1) =>
      (await collection.find().sort({ v: direction }).toArray()).map(({ at }) => at as number)
    expect(await sorted(1)).toEqual(expected)
    expect(await sorted(-1)).toEqual(expected.toReversed())
  })

  it.each<[string, unknown, readonly number[]]>([
    ['numbers', new Double(0.5), [9, 10, 11, 12, 13, 14, 15]],
    ['strings', 'b', [22, 23]],
    ['dates', new Date(0), [38]],
    ['booleans', false, [35]],
    ['binary', new Binary(Buffer.from([255])), [31]],
    ['ObjectIds', new ObjectId('000000000000000000000001'), [33]],
  ])('$gt on %s keeps to its type', async (_, value, expected) => {
    const found = await collection
      .find({ v: { $gt: value } })
      .sort({ at: 1 })
      .toArray()
    expect(found.map(({ at }) => at as number)).toEqual(expected)
  })
})

it('fields with an empty name, and with names that JavaScript has a use for', async () => {
  const documents = ['', '__proto__', 'constructor', '7', 'é'].map((name, _id) => ({ _id, [name]: 'x', other: 1 }))
  const collection = await engine.collection(documents)
  // What looks at no field is not what looks at the one without a name.
  expect(await collection.countDocuments({ $alwaysTrue: 1 })).toBe(documents.length)
  for (const { _id, ...fields } of documents) {
    const [name] = Object.entries(fields).find(([, value]) => value === 'x')!
    const ids = (filter: Document) =>
      collection
        .find(filter)
        .map((doc) => doc['_id'])
        .toArray()
    expect([name, await ids({ [name]: 'x' })]).toEqual([name, [_id]])
    expect([name, await ids({ [name]: { $exists: true } })]).toEqual([name, [_id]])
    await collection.updateOne({ [name]: 'x' }, { $set: { new: 1 } })
    expect(await collection.findOne({ _id })).toEqual({ _id, [name]: 'x', other: 1, new: 1 })
  }
})

describe('null and missing', () => {
  const DOCUMENTS = [{ _id: 1 }, { _id: 2, a: null }, { _id: 3, a: 1 }, { _id: 4, a: [null] }, { _id: 5, a: [] }]
  it.each<[Filter<Doc>, number[]]>([
    [{ a: null }, [1, 2, 4]],
    [{ a: { $eq: null } }, [1, 2, 4]],
    [{ a: { $ne: null } }, [3, 5]],
    [{ a: { $exists: true } }, [2, 3, 4, 5]],
    [{ a: { $exists: false } }, [1]],
    [{ a: { $type: 'null' } }, [2, 4]],
    [{ a: { $in: [null, 1] } }, [1, 2, 3, 4]],
    [{ a: { $nin: [null] } }, [3, 5]],
    [{ a: { $gte: null } }, [1, 2, 4]],
    [{ a: { $not: { $gt: 0 } } }, [1, 2, 4, 5]],
    [{ 'a.b': null }, [1, 2, 3]], // an array without objects has no `b` that could be missing
  ])('%j', (filter, ids) => expectIds(DOCUMENTS, filter, ids))
})

describe('arrays', () => {
  const DOCUMENTS = [
    { _id: 1, a: [1, 2, 3] },
    { _id: 2, a: [5, 6] },
    { _id: 3, a: 2 },
    { _id: 4, a: [[1, 2], 9] },
    { _id: 5, a: [] },
    {
      _id: 6,
      a: [
        { b: 1, c: 2 },
        { b: 3, c: 4 },
      ],
    },
    { _id: 7, a: { b: 1, c: 4 } },
  ]
  it.each<[Filter<Doc>, number[]]>([
    [{ a: 2 }, [1, 3]],
    [{ a: [1, 2, 3] }, [1]],
    [{ a: [1, 2] }, [4]],
    [{ a: [] }, [5]],
    [{ a: { $size: 2 } }, [2, 4, 6]],
    [{ a: { $size: 0 } }, [5]],
    [{ a: { $all: [1, 3] } }, [1]],
    [{ a: { $gt: 2, $lt: 2 } }, [1]], // one element above, another below
    [{ a: { $elemMatch: { $gt: 2, $lt: 6 } } }, [1, 2]],
    [{ a: { $elemMatch: { $gt: 3, $lt: 5 } } }, []],
    [{ 'a.0': 5 }, [2]],
    [{ 'a.b': 1 }, [6, 7]],
    [{ 'a.1.b': 3 }, [6]],
    [{ 'a.b': 1, 'a.c': 4 }, [6, 7]],
    [{ a: { $elemMatch: { b: 1, c: 4 } } }, []],
    [{ a: { $elemMatch: { b: 1, c: 2 } } }, [6]],
    [{ a: { b: 1, c: 4 } }, [7]],
    [{ a: { c: 4, b: 1 } }, []], // the order of the fields counts
    [{ a: { b: 1, c: 2 } }, [6]],
    [{ a: { $ne: 2 } }, [2, 4, 5, 6, 7]],
    [{ a: { $nin: [2, 5] } }, [4, 5, 6, 7]],
    [{ a: { $in: [2, 5] } }, [1, 2, 3]],
    [{ a: { $type: 'array' } }, [1, 2, 4, 5, 6]],
    [{ a: { $not: { $type: 'array' } } }, [3, 7]],
  ])('%j', (filter, ids) => expectIds(DOCUMENTS, filter, ids))
})

it('an $all of very many values finds who has each of them', async () => {
  const numbers = Array.from({ length: 2_000 }, (_, i) => i)
  const collection = await engine.collection([
    { _id: 1, a: [...numbers, null], b: [{ n: numbers.slice(0, 1_000) }, { n: numbers.slice(1_000) }, {}] },
    { _id: 2, a: [null, ...numbers.slice(0, -1)], b: [{ n: numbers.slice(0, -1) }] },
    { _id: 3, a: numbers, b: { n: numbers } },
  ])
  const mixed = numbers.map((n) => (n % 2 === 0 ? Long.fromNumber(n) : new Double(n)))
  const find = async (filter: Filter<Doc>) => idsOf(collection.find(filter).sort({ _id: 1 }).toArray())
  for (const index of [undefined, { a: 1 }, { 'b.n': 1 }] as const) {
    if (index !== undefined) await collection.createIndexes([{ key: index }])
    expect(await find({ a: { $all: mixed } })).toEqual([1, 3])
    expect(await find({ a: { $all: [...numbers, null] } })).toEqual([1])
    expect(await find({ a: { $not: { $all: numbers } } })).toEqual([2])
    expect(await find({ 'b.n': { $all: numbers.toReversed() } })).toEqual([1, 3])
    expect(await find({ 'b.n': { $all: [...numbers, null] } })).toEqual([1])
    expect(await find({ a: { $all: [...numbers, 'x'] } })).toEqual([])
  }
})

describe('operators', () => {
  const DOCUMENTS = [
    { _id: 1, a: 1, s: 'Apple' },
    { _id: 2, a: 2.5, s: 'banana' },
    { _id: 3, a: '1', s: 'cherry\npie' },
    { _id: 4, a: 7, s: 'a.b' },
    { _id: 5, a: -3, s: ['x', 'Apple pie'] },
    { _id: 6, a: true, s: 5 },
  ]
  it.each<[Filter<Doc>, number[]]>([
    [{ a: { $gt: 1 } }, [2, 4]],
    [{ a: { $gte: 1, $lte: 2.5 } }, [1, 2]],
    [{ a: { $lt: 1 } }, [5]],
    [{ a: { $gt: '' } }, [3]],
    [{ a: { $in: [1, '1', true] } }, [1, 3, 6]],
    [{ a: { $mod: [2, 1] } }, [1, 4]],
    [{ a: { $type: 'number' } }, [1, 2, 4, 5]],
    [{ a: { $type: ['string', 'bool'] } }, [3, 6]],
    [{ a: { $type: 2 } }, [3]],
    [{ a: { $bitsAllSet: 3 } }, [4]],
    [{ a: { $bitsAnySet: [1, 2] } }, [4, 5]],
    [{ s: /^A/ }, [1, 5]],
    [{ s: /apple/i }, [1, 5]],
    [{ s: { $regex: '^a\\.b$' } }, [4]],
    [{ s: { $regex: 'PIE$', $options: 'i' } }, [3, 5]],
    [{ s: { $regex: '^pie', $options: 'm' } }, [3]],
    [{ s: { $regex: 'y.p', $options: 's' } }, [3]],
    [{ s: { $in: [/^b/, 'a.b'] } }, [2, 4]],
    [{ s: { $not: /a/ } }, [1, 3, 5, 6]],
    [{ $or: [{ a: 1 }, { s: 'banana' }] }, [1, 2]],
    [{ $and: [{ a: { $gt: 0 } }, { a: { $lt: 3 } }] }, [1, 2]],
    [{ $nor: [{ a: { $type: 'number' } }, { s: 5 }] }, [3]],
    [{ $expr: { $gt: ['$a', 2] } }, [2, 3, 4, 6]], // an expression compares across types
    [{ $comment: 'x', a: 1 }, [1]],
    [{ _id: { $in: [5, 1, 99] } }, [1, 5]],
    [{ _id: { $gt: 2, $lte: 4 } }, [3, 4]],
    [{}, [1, 2, 3, 4, 5, 6]],
  ])('%j', (filter, ids) => expectIds(DOCUMENTS, filter, ids))

  it.each<[Filter<Doc>, number, string]>([
    [{ a: { $nope: 1 } }, 2, 'BadValue'],
    [{ $nope: [] }, 2, 'BadValue'],
    [{ $or: [] }, 2, 'BadValue'],
    [{ $or: {} as never }, 2, 'BadValue'],
    [{ a: { $in: 5 as never } }, 2, 'BadValue'],
    [{ a: { $size: -1 } }, 9, 'FailedToParse'],
    [{ a: { $regex: '(' } }, 51_091, 'Location51091'],
    [{ a: { $type: 'nonsense' } }, 2, 'BadValue'],
    [{ a: { $mod: [0, 1] } }, 2, 'BadValue'],
    [{ a: { $elemMatch: 5 as never } }, 2, 'BadValue'],
  ])('refuses %j', async (filter, code, codeName) => {
    const collection = await engine.collection([{ a: 1 }])
    expect(await codeOf(collection.find(filter).toArray())).toEqual([code, codeName])
  })
})

describe('sort, skip and limit', () => {
  const DOCUMENTS = [
    { _id: 1, a: 2, b: 1 },
    { _id: 2, a: 1, b: 2 },
    { _id: 3, a: [0, 9], b: 3 },
    { _id: 4, b: 4 },
    { _id: 5, a: 1, b: 5 },
    { _id: 6, a: [], b: 6 },
  ]
  it.each<[Sort, number[]]>([
    [{ b: -1 }, [6, 5, 4, 3, 2, 1]],
    [{ a: 1, b: 1 }, [6, 4, 3, 2, 5, 1]], // an empty array comes before null; an array by its least
    [{ a: -1, b: 1 }, [3, 1, 2, 5, 4, 6]], // ... and by its greatest
    [{ a: 1, b: -1 }, [6, 4, 3, 5, 2, 1]],
    [{ _id: -1 }, [6, 5, 4, 3, 2, 1]],
  ])('%j', async (sort, ids) => {
    const collection = await engine.collection(DOCUMENTS)
    const all = () => idsOf(collection.find().sort(sort).toArray())
    const page = () => idsOf(collection.find().sort(sort).skip(1).limit(3).toArray())
    expect([await all(), await page()]).toEqual([ids, ids.slice(1, 4)])
    await collection.createIndexes([{ key: sort as Record<string, 1 | -1> }])
    expect([await all(), await page()]).toEqual([ids, ids.slice(1, 4)])
  })

  it('equal keys keep the order in which they were found', async () => {
    const collection = await engine.collection(Array.from({ length: 200 }, (_, _id) => ({ _id, a: _id % 2 })))
    const ids = await idsOf(collection.find().sort({ a: 1 }).toArray())
    expect(ids).toEqual([...Array(100).keys()].map((n) => n * 2).concat([...Array(100).keys()].map((n) => n * 2 + 1)))
  })

  it('a limit of 0 is none; findOne takes the first', async () => {
    const collection = await engine.collection(DOCUMENTS)
    expect(await collection.find().limit(0).toArray()).toHaveLength(6)
    expect(await collection.findOne({}, { sort: { b: -1 } })).toEqual({ _id: 6, a: [], b: 6 })
    expect(await collection.findOne({ b: 77 })).toBeNull()
    expect(await collection.find().skip(100).toArray()).toEqual([])
  })

  it.each([[{ a: 2 }], [{ a: 0 }], [{ a: 'x' }]])('refuses the order %j', async (sort) => {
    const collection = await engine.collection(DOCUMENTS)
    // The driver would refuse some of them itself.
    const call = engine.db.command({ find: collection.collectionName, sort })
    expect((await codeOf(call))[0]).toBe(typeof sort.a === 'number' ? 15_975 : 15_974)
  })
})

describe('projection', () => {
  const DOCUMENT = { _id: 1, a: 1, b: { c: 2, d: 3 }, list: [{ x: 1, y: 2 }, { x: 3, y: 4 }, 5] }
  it.each<[Document, Document]>([
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: 1, _id: 0 }, { a: 1 }],
    [{ a: 0 }, { _id: 1, b: { c: 2, d: 3 }, list: DOCUMENT.list }],
    [{ _id: 0 }, { a: 1, b: { c: 2, d: 3 }, list: DOCUMENT.list }],
    [{ _id: 1 }, { _id: 1 }],
    [{ 'b.c': 1 }, { _id: 1, b: { c: 2 } }],
    [{ b: { c: 1 } }, { _id: 1, b: { c: 2 } }],
    [
      { 'b.c': 0, list: 0 },
      { _id: 1, a: 1, b: { d: 3 } },
    ],
    [{ 'list.x': 1 }, { _id: 1, list: [{ x: 1 }, { x: 3 }] }],
    [
      { 'list.x': 0, a: 0, b: 0 },
      { _id: 1, list: [{ y: 2 }, { y: 4 }, 5] },
    ],
    [
      { list: { $slice: 1 }, a: 1 },
      { _id: 1, a: 1, list: [{ x: 1, y: 2 }] },
    ],
    [{ list: { $slice: -1 } }, { _id: 1, a: 1, b: { c: 2, d: 3 }, list: [5] }],
    [
      { list: { $slice: [1, 1] }, a: 1 },
      { _id: 1, a: 1, list: [{ x: 3, y: 4 }] },
    ],
    [{ list: { $elemMatch: { x: 3 } } }, { _id: 1, list: [{ x: 3, y: 4 }] }],
    [{ nope: 1 }, { _id: 1 }],
    [{ a: true }, { _id: 1, a: 1 }],
    [{ sum: { $add: ['$a', '$b.c'] } }, { _id: 1, sum: 3 }],
    [
      { text: { $literal: 'x' }, a: 1 },
      { _id: 1, a: 1, text: 'x' },
    ],
    [{}, DOCUMENT],
  ])('%j', async (projection, expected) => {
    const collection = await engine.collection([DOCUMENT])
    expect(await collection.findOne({}, { projection })).toEqual(expected)
  })

  it('keeps the order of the document, not of the projection', async () => {
    const collection = await engine.collection([DOCUMENT])
    const found = await collection.findOne({}, { projection: { list: 1, a: 1 } })
    expect(Object.keys(found ?? {})).toEqual(['_id', 'a', 'list'])
  })

  it('positional: the element that the query matched', async () => {
    const collection = await engine.collection([DOCUMENT])
    expect(await collection.findOne({ 'list.x': 3 }, { projection: { 'list.$': 1 } })).toEqual({
      _id: 1,
      list: [{ x: 3, y: 4 }],
    })
  })

  it.each<[Document, number]>([
    [{ a: 1, b: 0 }, 31_254],
    [{ a: 0, b: 1 }, 31_253],
  ])('refuses the mixture %j', async (projection, code) => {
    const collection = await engine.collection([DOCUMENT])
    expect((await codeOf(collection.findOne({}, { projection })))[0]).toBe(code)
  })
})
