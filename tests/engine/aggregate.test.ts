import { type Collection, Decimal128, type Document, Double, Int32, Long, ObjectId } from 'mongodb'
import { TIMES, type Doc, codeOf, idsOf, useEngine } from './use-engine'

const engine = useEngine()
const ORDERS = [
  { _id: 1, who: 'ann', total: 10, items: ['a', 'b'], at: new Date('2024-01-05') },
  { _id: 2, who: 'bob', total: 20, items: ['b'], at: new Date('2024-01-20') },
  { _id: 3, who: 'ann', total: 30, items: [], at: new Date('2024-02-01') },
  { _id: 4, who: 'cid', total: 5, at: new Date('2024-02-02') },
]
let orders: Collection<Doc>
beforeAll(async () => {
  orders = await engine.collection(ORDERS)
})

describe('count', () => {
  it('all, by filter, with skip and limit', async () => {
    const count = (more: Document) => engine.db.command({ count: orders.collectionName, ...more })
    expect(await count({})).toEqual({ n: 4, ok: 1, ...TIMES })
    expect(await count({ query: { who: 'ann' } })).toEqual({ n: 2, ok: 1, ...TIMES })
    expect(await count({ query: {}, skip: 1, limit: 2 })).toEqual({ n: 2, ok: 1, ...TIMES })
    expect(await count({ query: {}, skip: 9 })).toEqual({ n: 0, ok: 1, ...TIMES })
    expect(await engine.db.command({ count: 'never_was' })).toEqual({ n: 0, ok: 1, ...TIMES })
  })

  it('countDocuments and estimatedDocumentCount', async () => {
    expect(await orders.countDocuments()).toBe(4)
    expect(await orders.countDocuments({ total: { $gte: 20 } })).toBe(2)
    expect(await orders.countDocuments({ total: 77 })).toBe(0)
    expect(await orders.countDocuments({}, { skip: 1, limit: 2 })).toBe(2)
    expect(await orders.estimatedDocumentCount()).toBe(4)
  })

  it('follows inserts and deletes', async () => {
    const collection = await engine.collection([{ _id: 1 }])
    await collection.insertMany([{ _id: 2 }, { _id: 3 }])
    await collection.deleteOne({ _id: 1 })
    await collection.updateOne({ _id: 9 }, { $set: { a: 1 } }, { upsert: true })
    expect(await collection.estimatedDocumentCount()).toBe(3)
  })
})

describe('distinct', () => {
  it('every value once, those of arrays one by one', async () => {
    expect(await engine.db.command({ distinct: orders.collectionName, key: 'who' })).toEqual({
      values: ['ann', 'bob', 'cid'],
      ok: 1,
      ...TIMES,
    })
    expect(await orders.distinct('items')).toEqual(['a', 'b'])
    expect(await orders.distinct('who', { total: { $gt: 15 } })).toEqual(['bob', 'ann'])
    expect(await orders.distinct('nope')).toEqual([])
  })

  it('numbers of one value are one, whatever their type', async () => {
    const numbers = [new Int32(1), Long.fromNumber(1), new Double(1), Decimal128.fromString('1')]
    const collection = await engine.collection(numbers.map((n) => ({ n })))
    expect(await collection.distinct('n')).toHaveLength(1)
  })
})

describe('stages', () => {
  it.each<[string, Document[], Document[]]>([
    ['$match', [{ $match: { who: 'ann', total: { $gt: 10 } } }], [ORDERS[2]!]],
    [
      '$group',
      [
        {
          $group: {
            _id: '$who',
            sum: { $sum: '$total' },
            n: { $sum: 1 },
            avg: { $avg: '$total' },
            max: { $max: '$total' },
            all: { $push: '$_id' },
          },
        },
        { $sort: { _id: 1 } },
      ],
      [
        { _id: 'ann', sum: 40, n: 2, avg: 20, max: 30, all: [1, 3] },
        { _id: 'bob', sum: 20, n: 1, avg: 20, max: 20, all: [2] },
        { _id: 'cid', sum: 5, n: 1, avg: 5, max: 5, all: [4] },
      ],
    ],
    [
      '$group by nothing, and by an expression',
      [{ $group: { _id: { $month: '$at' }, ids: { $push: '$_id' } } }, { $sort: { _id: -1 } }],
      [
        { _id: 2, ids: [3, 4] },
        { _id: 1, ids: [1, 2] },
      ],
    ],
    [
      '$sort, $skip, $limit, $project',
      [{ $sort: { total: -1 } }, { $skip: 1 }, { $limit: 2 }, { $project: { who: 1 } }],
      [
        { _id: 2, who: 'bob' },
        { _id: 1, who: 'ann' },
      ],
    ],
    [
      '$project with expressions',
      [
        { $match: { _id: 1 } },
        {
          $project: { _id: 0, twice: { $multiply: ['$total', 2] }, n: { $size: '$items' }, name: { $toUpper: '$who' } },
        },
      ],
      [{ twice: 20, n: 2, name: 'ANN' }],
    ],
    [
      '$addFields',
      [{ $match: { _id: 4 } }, { $addFields: { tax: { $divide: ['$total', 2] } } }, { $unset: 'at' }],
      [{ _id: 4, who: 'cid', total: 5, tax: 2.5 }],
    ],
    [
      '$unwind',
      [{ $unwind: '$items' }, { $project: { items: 1 } }],
      [
        { _id: 1, items: 'a' },
        { _id: 1, items: 'b' },
        { _id: 2, items: 'b' },
      ],
    ],
    [
      '$unwind that keeps the empty, with their index',
      [
        { $unwind: { path: '$items', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
        { $match: { _id: { $gte: 2 } } },
        { $project: { items: 1, i: 1 } },
      ],
      [
        { _id: 2, items: 'b', i: 0 },
        { _id: 3, i: null },
        { _id: 4, i: null },
      ],
    ],
    ['$count', [{ $match: { total: { $gte: 10 } } }, { $count: 'n' }], [{ n: 3 }]],
    ['$count of nothing', [{ $match: { total: 77 } }, { $count: 'n' }], []],
    [
      '$facet',
      [{ $facet: { cheap: [{ $match: { total: { $lt: 10 } } }, { $project: { _id: 1 } }], count: [{ $count: 'n' }] } }],
      [{ cheap: [{ _id: 4 }], count: [{ n: 4 }] }],
    ],
    ['$replaceRoot', [{ $match: { _id: 2 } }, { $replaceRoot: { newRoot: { w: '$who' } } }], [{ w: 'bob' }]],
    [
      '$sortByCount',
      [{ $match: { who: { $ne: 'cid' } } }, { $sortByCount: '$who' }],
      [
        { _id: 'ann', count: 2 },
        { _id: 'bob', count: 1 },
      ],
    ],
    ['no stage', [], ORDERS],
  ])('%s', async (_, pipeline, expected) => {
    expect(await orders.aggregate(pipeline).toArray()).toEqual(expected)
  })

  it('$lookup by field, and by pipeline', async () => {
    const people = await engine.collection([
      { _id: 'ann', age: 30 },
      { _id: 'bob', age: 40 },
    ])
    const from = people.collectionName
    const byField = [
      { $lookup: { from, localField: 'who', foreignField: '_id', as: 'person' } },
      { $project: { person: 1 } },
    ]
    expect(await orders.aggregate(byField).toArray()).toEqual([
      { _id: 1, person: [{ _id: 'ann', age: 30 }] },
      { _id: 2, person: [{ _id: 'bob', age: 40 }] },
      { _id: 3, person: [{ _id: 'ann', age: 30 }] },
      { _id: 4, person: [] },
    ])
    const inner = [{ $match: { $expr: { $eq: ['$_id', '$$name'] } } }, { $project: { _id: 0 } }]
    const byPipeline = [
      { $match: { _id: 2 } },
      { $lookup: { from, let: { name: '$who' }, pipeline: inner, as: 'p' } },
      { $project: { p: 1 } },
    ]
    expect(await orders.aggregate(byPipeline).toArray()).toEqual([{ _id: 2, p: [{ age: 40 }] }])
  })

  it('a collection that is not there is empty; $match and $sort at the front read through an index', async () => {
    expect(
      await engine.db
        .collection('never_was')
        .aggregate([{ $match: { a: 1 } }])
        .toArray(),
    ).toEqual([])
    const collection = await engine.collection(Array.from({ length: 100 }, (_, _id) => ({ _id, n: 99 - _id })))
    await collection.createIndexes([{ key: { n: 1 } }])
    const pipeline = [{ $match: { n: { $lt: 3 } } }, { $sort: { n: -1 } }]
    expect(await idsOf(collection.aggregate(pipeline).toArray())).toEqual([97, 98, 99])
  })
})

describe('types of what is computed', () => {
  const computed = async (documents: Document[], pipeline: Document[]) =>
    (await engine.collection(documents)).aggregate(pipeline, { promoteValues: false }).toArray()

  it.each<[string, unknown[], unknown]>([
    ['ints', [new Int32(1), new Int32(2)], new Int32(3)],
    ['an int and a long', [new Int32(1), Long.fromNumber(2)], Long.fromNumber(3)],
    ['a double with a whole value', [new Int32(1), new Double(2)], new Double(3)],
    [
      'longs beyond the doubles',
      [Long.fromString('9007199254740993'), new Int32(1)],
      Long.fromString('9007199254740994'),
    ],
    ['ints beyond their range', [new Int32(2_147_483_647), new Int32(1)], Long.fromString('2147483648')],
    ['decimals', [Decimal128.fromString('0.1'), Decimal128.fromString('0.2')], Decimal128.fromString('0.3')],
  ])('$sum of %s', async (_, values, sum) => {
    const found = await computed(
      values.map((n) => ({ n })),
      [{ $group: { _id: null, sum: { $sum: '$n' } } }],
    )
    expect(found).toEqual([{ _id: null, sum }])
  })

  it('what a stage passes on keeps its type', async () => {
    const value = {
      i: new Int32(1),
      l: Long.fromNumber(2),
      d: new Double(3),
      c: Decimal128.fromString('4.0'),
      o: new ObjectId(),
    }
    const id = new Int32(1)
    for (const pipeline of [
      [{ $addFields: { x: new Int32(1) } }, { $project: { x: 0 } }],
      [{ $project: { value: 1 } }],
      [{ $group: { _id: '$_id', value: { $first: '$value' } } }],
      [{ $facet: { all: [{ $match: {} }] } }, { $unwind: '$all' }, { $replaceRoot: { newRoot: '$all' } }],
    ])
      expect([pipeline, await computed([{ _id: id, value }], pipeline)]).toEqual([pipeline, [{ _id: id, value }]])
  })

  it('$count is an int', async () => {
    expect(await computed([{ a: 1 }, { a: 2 }], [{ $count: 'n' }])).toEqual([{ n: new Int32(2) }])
  })
})

describe('pipelines that cannot be', () => {
  it.each<[Document[], number, string]>([
    [[{ $nope: {} }], 40_324, 'Location40324'],
    [[{ $match: {}, $limit: 1 }], 40_323, 'Location40323'],
    [[{ $limit: 0 }], 15_958, 'Location15958'],
    [[{ $group: { n: { $sum: 1 } } }], 15_955, 'Location15955'],
    [[{ $match: { a: { $nope: 1 } } }], 2, 'BadValue'],
    [[{ $addFields: { a: { $nope: 1 } } }], 168, 'InvalidPipelineOperator'],
  ])('%j', async (pipeline, code, codeName) => {
    expect(await codeOf(orders.aggregate(pipeline).toArray())).toEqual([code, codeName])
  })

  it('without a cursor: 9', async () => {
    expect(await codeOf(engine.db.command({ aggregate: orders.collectionName, pipeline: [] }))).toEqual([
      9,
      'FailedToParse',
    ])
  })
})

describe('let of a command', () => {
  const LET = { text: { $literal: '$who' }, sum: { $add: [3, 4] }, more: { $add: ['$$sum', 3] } }

  it('its values are expressions, which see those before them', async () => {
    const pipeline = [
      { $match: { $expr: { $eq: ['$total', '$$more'] } } },
      { $project: { text: '$$text', sum: '$$sum' } },
    ]
    expect(await orders.aggregate(pipeline, { let: LET }).toArray()).toEqual([{ _id: 1, text: '$who', sum: 7 }])
    expect(await idsOf(orders.find({ $expr: { $eq: ['$total', '$$more'] } }, { let: LET }).toArray())).toEqual([1])
  })

  it('in writes too', async () => {
    const collection = await engine.collection([{ _id: 1 }, { _id: 2 }])
    const filter = { $expr: { $lt: ['$_id', '$$sum'] } }
    const { modifiedCount } = await collection.updateMany(filter, [{ $set: { n: '$$more' } }], { let: LET })
    expect(modifiedCount).toBe(2)
    const options = { let: LET, returnDocument: 'after' } as const
    expect(await collection.findOneAndUpdate({ _id: 1 }, [{ $set: { text: '$$text' } }], options)).toEqual({
      _id: 1,
      n: 10,
      text: '$who',
    })
    expect((await collection.deleteMany({ $expr: { $gt: ['$n', '$$sum'] } }, { let: LET })).deletedCount).toBe(2)
  })
})
