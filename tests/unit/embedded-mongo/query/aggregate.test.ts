import { Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { readDoc, writeDoc } from '../../../../src/embedded-mongo/bson/doc'
import type { Doc } from '../../../../src/embedded-mongo/bson/doc'
import { CommandError } from '../../../../src/embedded-mongo/bson/errors'
import { runPipeline } from '../../../../src/embedded-mongo/query/aggregate'

const stored = (doc: Doc): Doc => readDoc(writeDoc(doc))
const decimal = (value: string): Decimal128 => Decimal128.fromString(value)
const long = (value: number): Long => Long.fromNumber(value)
const NOW = new Date('2024-05-06T07:08:09.123Z')

const SHOPS: readonly Doc[] = [
  { _id: 'a', name: 'Alpha' },
  { _id: 'b', name: 'Beta' },
]
const SALES: readonly Doc[] = [
  { _id: 1, shop: 'a', n: 1, price: new Double(2), tags: ['x', 'y'] },
  { _id: 2, shop: 'b', n: long(2), price: new Double(2.5), tags: ['x'] },
  { _id: 3, shop: 'a', n: decimal('3.5'), tags: [] },
  { _id: 4, shop: null, n: 4, tags: 'z' },
]

function run(pipeline: readonly Doc[], docs: readonly Doc[] = SALES, variables: Doc = {}): Doc[] {
  const context = { collection: (name: string) => (name === 'shops' ? SHOPS : []).map(stored), now: NOW, variables }
  return [...runPipeline(docs.map(stored), pipeline.map(stored), context)]
}

const evaluate = (expression: unknown, doc: Doc = {}): unknown =>
  run([{ $project: { _id: 0, value: expression } }], [doc])[0]?.['value']

function errorOf(work: () => unknown): number | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof CommandError) return error.code
    throw error
  }
  return undefined
}

describe('stages', () => {
  test('the count of a driver is an int', () => {
    const group = { $group: { _id: 1, n: { $sum: 1 } } }
    expect(run([{ $match: {} }, group])).toStrictEqual([{ _id: new Int32(1), n: new Int32(4) }])
    expect(run([{ $match: {} }, { $skip: 1 }, { $limit: 2 }, group])).toStrictEqual(
      stored({ x: [{ _id: 1, n: 2 }] })['x'],
    )
    expect(run([{ $match: { shop: 'none' } }, group])).toStrictEqual([])
  })

  test('types pass through unharmed', () => {
    const doc = {
      _id: new ObjectId(),
      whole: new Double(5),
      long: long(5),
      big: Long.MAX_VALUE,
      money: decimal('1.50'),
    }
    expect(
      run([{ $match: {} }, { $sort: { whole: 1 } }, { $addFields: { x: '$long' } }, { $unset: 'x' }], [doc]),
    ).toStrictEqual([doc])
    expect(run([{ $group: { _id: '$whole', all: { $push: '$long' }, top: { $max: '$big' } } }], [doc])).toStrictEqual([
      { _id: new Double(5), all: [long(5)], top: Long.MAX_VALUE },
    ])
  })

  test('$group: sums in the widest type, averages, extremes', () => {
    const groups = run([
      {
        $group: {
          _id: '$shop',
          sum: { $sum: '$n' },
          mean: { $avg: '$n' },
          least: { $min: '$n' },
          docs: { $count: {} },
        },
      },
      { $sort: { _id: 1 } },
    ])
    expect(groups).toStrictEqual([
      { _id: null, sum: new Int32(4), mean: new Double(4), least: new Int32(4), docs: new Int32(1) },
      { _id: 'a', sum: decimal('4.5'), mean: decimal('2.25'), least: new Int32(1), docs: new Int32(2) },
      { _id: 'b', sum: long(2), mean: new Double(2), least: long(2), docs: new Int32(1) },
    ])
  })

  test('$group: numbers of several types are one key; a missing key is null', () => {
    const docs = [{ k: 1 }, { k: new Double(1) }, { k: long(1) }, { k: '1' }, {}, { k: null }]
    const groups = run([{ $group: { _id: '$k', n: { $sum: 1 } } }], docs)
    expect(groups).toStrictEqual(
      stored({
        x: [
          { _id: 1, n: 3 },
          { _id: '1', n: 1 },
          { _id: null, n: 2 },
        ],
      })['x'],
    )
  })

  test.each<[string, readonly Doc[], readonly Doc[]]>([
    [
      '$sort with $limit',
      [{ $sort: { shop: -1, _id: 1 } }, { $limit: 2 }, { $project: { shop: 1 } }],
      [
        { _id: 2, shop: 'b' },
        { _id: 1, shop: 'a' },
      ],
    ],
    ['$count', [{ $match: { shop: 'a' } }, { $count: 'total' }], [{ total: 2 }]],
    ['$count of nothing', [{ $match: { shop: 'q' } }, { $count: 'total' }], []],
    [
      '$unwind',
      [{ $unwind: '$tags' }, { $project: { tags: 1 } }],
      [
        { _id: 1, tags: 'x' },
        { _id: 1, tags: 'y' },
        { _id: 2, tags: 'x' },
        { _id: 4, tags: 'z' },
      ],
    ],
    [
      '$unwind that keeps',
      [
        { $match: { _id: { $gte: 2 } } },
        { $unwind: { path: '$tags', includeArrayIndex: 'i', preserveNullAndEmptyArrays: true } },
        { $project: { tags: 1, i: 1 } },
      ],
      [
        { _id: 2, tags: 'x', i: long(0) },
        { _id: 3, i: null },
        { _id: 4, tags: 'z', i: null },
      ],
    ],
    ['$sortByCount', [{ $unwind: '$tags' }, { $sortByCount: '$tags' }, { $limit: 1 }], [{ _id: 'x', count: 2 }]],
    ['$replaceRoot', [{ $limit: 1 }, { $replaceRoot: { newRoot: { s: '$shop' } } }], [{ s: 'a' }]],
    [
      '$lookup by equality',
      [
        { $lookup: { from: 'shops', localField: 'shop', foreignField: '_id', as: 'of' } },
        { $project: { 'of.name': 1 } },
      ],
      [
        { _id: 1, of: [{ name: 'Alpha' }] },
        { _id: 2, of: [{ name: 'Beta' }] },
        { _id: 3, of: [{ name: 'Alpha' }] },
        { _id: 4, of: [] },
      ],
    ],
    [
      '$lookup by pipeline',
      [
        { $limit: 1 },
        {
          $lookup: {
            from: 'shops',
            let: { s: '$shop' },
            pipeline: [{ $match: { $expr: { $gt: ['$_id', '$$s'] } } }],
            as: 'others',
          },
        },
        { $project: { others: 1 } },
      ],
      [{ _id: 1, others: [{ _id: 'b', name: 'Beta' }] }],
    ],
    [
      '$unionWith',
      [{ $match: { _id: 1 } }, { $project: { _id: 1 } }, { $unionWith: { coll: 'shops', pipeline: [{ $limit: 1 }] } }],
      [{ _id: 1 }, { _id: 'a', name: 'Alpha' }],
    ],
    [
      '$facet',
      [{ $facet: { n: [{ $count: 'n' }], first: [{ $limit: 1 }, { $project: { _id: 1 } }] } }],
      [{ n: [{ n: 4 }], first: [{ _id: 1 }] }],
    ],
    [
      '$bucket',
      [{ $bucket: { groupBy: '$_id', boundaries: [0, 3], default: 'rest' } }],
      [
        { _id: 0, count: 2 },
        { _id: 'rest', count: 2 },
      ],
    ],
    [
      '$setWindowFields',
      [
        { $match: { _id: { $lt: 3 } } },
        {
          $setWindowFields: {
            sortBy: { _id: 1 },
            output: { c: { $sum: '$_id', window: { documents: ['unbounded', 'current'] } } },
          },
        },
        { $project: { c: 1 } },
      ],
      [
        { _id: 1, c: 1 },
        { _id: 2, c: 3 },
      ],
    ],
    [
      '$redact',
      [{ $redact: { $cond: [{ $eq: ['$shop', 'a'] }, '$$KEEP', '$$PRUNE'] } }, { $project: { _id: 1 } }],
      [{ _id: 1 }, { _id: 3 }],
    ],
    ['$documents', [{ $documents: [{ q: 1 }] }], [{ q: 1 }]],
  ])('%s', (_name, pipeline, expected) => {
    expect(run(pipeline)).toStrictEqual(expected.map(stored))
  })

  test('$sample draws without repeating', () => {
    const ids = run([{ $sample: { size: 3 } }]).map((doc) => (doc['_id'] as Int32).value)
    expect(new Set(ids).size).toBe(3)
    expect(run([{ $sample: { size: 9 } }])).toHaveLength(4)
  })

  test('is lazy: a limit ends the reading', () => {
    let reads = 0
    const endless = (function* () {
      for (;;) yield stored({ _id: reads++ })
    })()
    const context = { collection: () => [], now: NOW }
    expect([...runPipeline(endless, [{ $match: {} }, { $limit: 3 }], context)]).toHaveLength(3)
    expect(reads).toBe(3)
  })

  test('$match $expr sees the variables of let', () => {
    const found = run([{ $match: { $expr: { $eq: ['$shop', '$$wanted'] } } }, { $count: 'n' }], SALES, { wanted: 'a' })
    expect(found).toStrictEqual([{ n: new Int32(2) }])
  })

  test.each<[readonly Doc[], number]>([
    [[{ $foo: 1 }], 40324],
    [[{}], 40323],
    [[{ $limit: 1, $skip: 1 }], 40323],
    [[{ $out: 'x' }], 40324],
    [[{ $limit: 0 }], 15958],
    [[{ $skip: -1 }], 5107200],
    [[{ $project: {} }], 51272],
    [[{ $group: { n: { $sum: 1 } } }], 15955],
    [[{ $group: { _id: 1, n: 1 } }], 40234],
    [[{ $group: { _id: 1, n: { $foo: 1 } } }], 15952],
    [[{ $group: { _id: 1, n: { $accumulator: {} } } }], 238],
    [[{ $unwind: 'tags' }], 28818],
    [[{ $sort: {} }], 15976],
    [[{ $count: '' }], 40157],
    [[{ $match: 1 }], 15959],
    [[{ $match: { $where: '1' } }], 238],
    [[{ $match: {} }, { $documents: [] }], 40602],
    [[{ $replaceWith: '$shop' }], 40228],
    [[{ $facet: {} }], 40169],
    [[{ $lookup: { from: 'shops' } }], 9],
    [[{ $project: { x: { $foo: 1 } } }], 168],
    [[{ $project: { x: { $function: { body: '', args: [], lang: 'js' } } } }], 238],
    [[{ $project: { x: '$$unknown' } }], 17276],
  ])('%j is refused with %d', (pipeline, code) => {
    expect(errorOf(() => run(pipeline))).toBe(code)
  })

  test('mistakes are found before the first document', () => {
    expect(errorOf(() => run([{ $project: { x: { $foo: 1 } } }], []))).toBe(168)
  })

  test('a filter inside of $graphLookup runs no program', () => {
    const stage = {
      $graphLookup: {
        from: 'shops',
        startWith: '$shop',
        connectFromField: 'x',
        connectToField: '_id',
        as: 'o',
        restrictSearchWithMatch: { $where: 'throw 1' },
      },
    }
    expect(errorOf(() => run([stage]))).toBe(2)
  })
})

describe('expressions', () => {
  test.each<[unknown, unknown]>([
    [{ $add: [1, 2] }, new Int32(3)],
    [{ $add: [2147483647, 1] }, long(2147483648)],
    [{ $add: [Long.MAX_VALUE, 1] }, new Double(2 ** 63)],
    [{ $add: [1, new Double(1)] }, new Double(2)],
    [{ $add: [1, null] }, null],
    [{ $add: [new Date(0), 5] }, new Date(5)],
    [{ $subtract: [new Date(7), new Date(0)] }, long(7)],
    [{ $multiply: [3, decimal('1.1')] }, decimal('3.3')],
    [{ $divide: [4, 2] }, new Double(2)],
    [{ $divide: [decimal('1'), 3] }, decimal('0.3333333333333333333333333333333333')],
    [{ $mod: [-7, 3] }, new Int32(-1)],
    [{ $pow: [2, 10] }, new Int32(1024)],
    [{ $pow: [2, -1] }, new Double(0.5)],
    [{ $round: [new Double(2.5)] }, new Double(2)],
    [{ $round: [1250, -2] }, new Int32(1200)],
    [{ $trunc: [new Double(-1.55), 1] }, new Double(-1.5)],
    [{ $ceil: new Double(1.1) }, new Double(2)],
    [{ $floor: decimal('-1.5') }, decimal('-2')],
    [{ $sqrt: 16 }, new Double(4)],
    [{ $abs: -3 }, new Int32(3)],
    [{ $cmp: ['a', 'b'] }, new Int32(-1)],
    [{ $gt: ['$missing', null] }, false],
    [{ $eq: [1, new Double(1)] }, true],
    [{ $and: [1, 'x', []] }, true],
    [{ $or: [0, null] }, false],
    [{ $cond: [true, 1, 2] }, new Int32(1)],
    [{ $ifNull: ['$missing', null, 'x'] }, 'x'],
    [{ $switch: { branches: [{ case: false, then: 1 }], default: 'd' } }, 'd'],
    [{ $let: { vars: { x: 2 }, in: { $multiply: ['$$x', '$$x'] } } }, new Int32(4)],
    [{ $map: { input: [1, 2], as: 'i', in: { $add: ['$$i', 1] } } }, [new Int32(2), new Int32(3)]],
    [{ $filter: { input: ['a', 'b'], cond: { $eq: ['$$this', 'b'] } } }, ['b']],
    [{ $reduce: { input: ['a', 'b'], initialValue: '', in: { $concat: ['$$value', '$$this'] } } }, 'ab'],
    [{ $size: [['a', 'b']] }, new Int32(2)],
    [{ $arrayElemAt: [['a', 'b'], -1] }, 'b'],
    [{ $slice: [['a', 'b', 'c'], 1, 1] }, ['b']],
    [{ $in: ['a', ['a']] }, true],
    [{ $setUnion: [['b'], ['a', 'b']] }, ['a', 'b']],
    [{ $setDifference: [['a', 'b'], ['a']] }, ['b']],
    [{ $range: [0, 5, 2] }, [0, 2, 4].map((value) => new Int32(value))],
    [{ $mergeObjects: [{ a: 'x' }, null, { b: 'y' }] }, { a: 'x', b: 'y' }],
    [{ $objectToArray: { a: 'x' } }, [{ k: 'a', v: 'x' }]],
    [{ $arrayToObject: [[['a', 'x']]] }, { a: 'x' }],
    [{ $toInt: '12' }, new Int32(12)],
    [{ $toLong: new Double(12.9) }, long(12)],
    [{ $toDouble: 1 }, new Double(1)],
    [{ $toString: new Double(1.5) }, '1.5'],
    [{ $toBool: 0 }, false],
    [{ $convert: { input: 'x', to: 'int', onError: 'bad' } }, 'bad'],
    [{ $type: long(1) }, 'long'],
    [{ $type: '$missing' }, 'missing'],
    [{ $toUpper: 'aé' }, 'Aé'],
    [{ $indexOfCP: ['a😀b', 'b'] }, new Int32(2)],
    [{ $strLenCP: 'a😀' }, new Int32(2)],
    [{ $split: ['a-b', '-'] }, ['a', 'b']],
    [{ $trim: { input: ' a ' } }, 'a'],
    [{ $regexMatch: { input: 'abc', regex: 'B', options: 'i' } }, true],
    [{ $dateToString: { date: '$$NOW', format: '%Y-%m-%d' } }, '2024-05-06'],
    [{ $year: '$$NOW' }, new Int32(2024)],
    [{ $dateDiff: { startDate: new Date(0), endDate: new Date(86_400_000), unit: 'hour' } }, long(24)],
    [{ $sin: 0 }, new Double(0)],
    [{ $literal: { $add: [1, 2] } }, { $add: [new Int32(1), new Int32(2)] }],
    [
      ['a', '$missing'],
      ['a', null],
    ],
    [{ a: 'x', b: '$missing' }, { a: 'x' }],
  ])('%j', (expression, expected) => {
    expect(evaluate(expression)).toStrictEqual(expected)
  })

  test('paths map over arrays, and numbers in them are names', () => {
    const doc = { a: [{ b: 'x' }, { c: 1 }, { b: 'y' }], o: { 0: 'zero' } }
    expect(evaluate('$a.b', doc)).toStrictEqual(['x', 'y'])
    expect(evaluate('$a.0', doc)).toStrictEqual([])
    expect(evaluate('$o.0', doc)).toBe('zero')
    expect(evaluate('$$ROOT.o.0', doc)).toBe('zero')
    expect(evaluate('$$REMOVE', doc)).toBeUndefined()
  })

  test.each<[unknown, number]>([
    [{ $add: ['x', 1] }, 16554],
    [{ $divide: [1, 0] }, 2],
    [{ $size: 'x' }, 17124],
    [{ $eq: [1] }, 16020],
    [{ $a: 1, $b: 2 }, 15983],
    [{ $toInt: 'x' }, 241],
    [{ $toInt: Long.MAX_VALUE }, 241],
    [{ $switch: { branches: [{ case: false, then: 1 }] } }, 40066],
    [{ $range: [0, 100_000_000] }, 146],
    ['$', 16872],
    ['$a..b', 15998],
  ])('%j fails with %d', (expression, code) => {
    expect(errorOf(() => evaluate(expression))).toBe(code)
  })
})

describe('accumulators that choose, and buckets', () => {
  const docs = [
    { _id: 1, g: 'x', n: 5 },
    { _id: 2, g: 'x', n: 1 },
    { _id: 3, g: 'x', n: null },
    { _id: 4, g: 'x', n: 9 },
    { _id: 5, g: 'x' },
  ]
  const grouped = (accumulator: Doc): unknown => run([{ $group: { _id: null, is: accumulator } }], docs)[0]?.['is']
  const list = (...values: unknown[]): unknown => stored({ x: values })['x']

  test.each<[Doc, readonly unknown[]]>([
    [{ $firstN: { n: 3, input: '$n' } }, [5, 1, null]],
    [{ $lastN: { n: 3, input: '$n' } }, [null, 9, null]],
    [{ $maxN: { n: 2, input: '$n' } }, [9, 5]],
    [{ $minN: { n: 2, input: '$n' } }, [1, 5]],
    [{ $topN: { n: 2, sortBy: { n: -1 }, output: '$_id' } }, [4, 1]],
    [{ $bottomN: { n: 2, sortBy: { n: 1 }, output: '$_id' } }, [1, 4]],
  ])('%j', (accumulator, expected) => {
    expect(grouped(accumulator)).toStrictEqual(list(...expected))
  })

  test('one of them, and deviations', () => {
    expect(grouped({ $top: { sortBy: { n: -1 }, output: '$n' } })).toEqual(new Int32(9))
    expect(grouped({ $bottom: { sortBy: { _id: 1 }, output: ['$_id', '$n'] } })).toEqual(list(5, null))
    expect(grouped({ $stdDevPop: '$n' })).toEqual(new Double(Math.sqrt(32 / 3)))
    expect(grouped({ $stdDevSamp: '$n' })).toEqual(new Double(4))
    expect(run([{ $match: { _id: 1 } }, { $group: { _id: null, is: { $stdDevSamp: '$n' } } }], docs)).toEqual([
      { _id: null, is: null },
    ])
  })

  test('n must be a number above zero', () => {
    expect(errorOf(() => grouped({ $maxN: { n: 0, input: '$n' } }))).toBe(5787908)
    expect(errorOf(() => grouped({ $maxN: { n: 'x', input: '$n' } }))).toBe(5787902)
  })

  test('$bucketAuto: equal values are in one bucket, whose end is where the next begins', () => {
    const values = [1, 2, 2, 2, 3, 4, 5].map((n, i) => ({ _id: i, n }))
    expect(run([{ $bucketAuto: { groupBy: '$n', buckets: 3 } }], values)).toStrictEqual([
      stored({ _id: { min: 1, max: 3 }, count: 4 }),
      stored({ _id: { min: 3, max: 5 }, count: 2 }),
      stored({ _id: { min: 5, max: 5 }, count: 1 }),
    ])
    expect(run([{ $bucketAuto: { groupBy: '$n', buckets: 100, output: { s: { $sum: '$n' } } } }], values)).toHaveLength(
      5,
    )
    expect(run([{ $bucketAuto: { groupBy: '$n', buckets: 3 } }], [])).toEqual([])
    expect(errorOf(() => run([{ $bucketAuto: { groupBy: '$n', buckets: 0 } }]))).toBe(40243)
    expect(errorOf(() => run([{ $bucketAuto: { groupBy: 'n', buckets: 1 } }]))).toBe(40239)
  })
})
