import { type Db, type Document, Decimal128, Long } from 'mongodb'
import type { Doc } from './use-engine'

/** Work that would take an engine of one thread for itself, if that let it. */
export interface HeavyCommand {
  readonly name: string
  readonly run: (data: HeavyData) => Promise<unknown>
}

/** What the commands work on. */
export interface HeavyData {
  readonly db: Db
  /** Documents in `large`, elements in the arrays of `arrays`, collections in the database `crowd`. */
  readonly size: number
}

export const DATABASE = 'heavy'

/**
 * `large`: small documents. `arrays`: one document with arrays. `wide`: documents of two megabytes, of many fields.
 */
export async function prepareData({ db, size }: HeavyData): Promise<void> {
  await fill(db, 'large', size)
  const numbers = Array.from({ length: size }, (_, i) => i)
  await db.collection<Doc>('arrays').insertOne({
    _id: 1,
    numbers,
    texts: numbers.map((i) => `text ${i}`),
    documents: numbers.map((i) => ({ i, n: -i })),
    text: 'a, b '.repeat(size / 5),
  })
}

export async function fill(db: Db, name: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 10_000) {
    await db.collection<Doc>(name).insertMany(
      Array.from({ length: Math.min(10_000, count - from) }, (_, i) => from + i).map((i) => ({
        _id: i,
        n: (i * 7_919) % count,
        group: i % 50,
        parent: i === 0 ? null : i - 1,
        text: `text ${i}`,
        at: new Date(1_700_000_000_000 + i * 1_000),
        decimal: Decimal128.fromString(`${i}.5`),
        list: [i, i + 1, i + 2],
      })),
    )
  }
}

const aggregate =
  (stages: (data: HeavyData) => Document[], collection = 'large') =>
  (data: HeavyData) =>
    data.db.collection(collection).aggregate(stages(data)).toArray()

/** An expression over the one document of `arrays`. */
const expression = (name: string, of: (size: number) => unknown): HeavyCommand => ({
  name,
  run: aggregate(({ size }) => [{ $project: { _id: 0, is: { $toBool: { $ifNull: [of(size), 0] } } } }], 'arrays'),
})

const update = (name: string, of: (size: number) => Document | Document[], options = {}): HeavyCommand => ({
  name,
  run: ({ db, size }) => db.collection<Doc>('arrays').updateOne({ _id: 1 }, of(size), options),
})

const integers = (count: number) => Array.from({ length: count }, (_, i) => i)
const nested = (depth: number, make: (inner: Document) => Document, innermost: Document): Document => {
  let document = innermost
  for (let i = 0; i < depth; i++) document = make(document)
  return document
}
const window = (output: Document, partitionBy?: string): Document => ({
  $setWindowFields: { ...(partitionBy ? { partitionBy } : {}), sortBy: { _id: 1 }, output },
})
const fold = (each: Document | string) => ({ $sum: each })

const STAGES: readonly (readonly [string, (data: HeavyData) => Document[]])[] = [
  ['$bucketAuto', () => [{ $bucketAuto: { groupBy: '$n', buckets: 1_000 } }]],
  ['$densify', ({ size }) => [{ $densify: { field: 'n', range: { step: 0.5, bounds: [0, size] } } }, { $count: 'n' }]],
  [
    '$densify without end',
    () => [{ $densify: { field: 'n', range: { step: 1e-6, bounds: [0, 1e9] } } }, { $count: 'n' }],
  ],
  [
    '$fill',
    () => [
      { $fill: { sortBy: { _id: 1 }, output: { n: { method: 'locf' }, x: { method: 'linear' } } } },
      { $count: 'n' },
    ],
  ],
  [
    '$setWindowFields, one partition, all before',
    () => [window({ s: { ...fold('$n'), window: { documents: ['unbounded', 'current'] } } }), { $count: 'n' }],
  ],
  [
    '$setWindowFields, one partition, all behind',
    () => [window({ s: { ...fold('$n'), window: { documents: ['current', 'unbounded'] } } }), { $count: 'n' }],
  ],
  [
    '$setWindowFields, one partition, a thousand',
    () => [window({ s: { ...fold('$n'), window: { documents: [-500, 500] } } }), { $count: 'n' }],
  ],
  [
    '$setWindowFields, ranks',
    () => [window({ r: { $rank: {} }, d: { $denseRank: {} }, n: { $documentNumber: {} } }), { $count: 'n' }],
  ],
  [
    '$setWindowFields, push',
    () => [window({ p: { $push: '$n', window: { documents: ['unbounded', 'current'] } } }), { $count: 'n' }],
  ],
  ['$group into as many groups', () => [{ $group: { _id: '$n', t: { $first: '$text' } } }, { $count: 'n' }]],
  [
    '$group into one, all pushed',
    () => [{ $group: { _id: null, t: { $push: '$$ROOT' } } }, { $project: { n: { $size: '$t' } } }],
  ],
  ['$group, standard deviation', () => [{ $group: { _id: null, t: { $stdDevPop: '$n' } } }]],
  ['$group, top', () => [{ $group: { _id: null, t: { $topN: { n: 5, sortBy: { n: -1 }, output: '$n' } } } }]],
  ['$group, median', () => [{ $group: { _id: null, t: { $median: { input: '$n', method: 'approximate' } } } }]],
  ['$group, decimals', () => [{ $group: { _id: null, t: { $sum: '$decimal' }, a: { $avg: '$decimal' } } }]],
  [
    '$lookup, by equality',
    () => [{ $lookup: { from: 'large', localField: 'n', foreignField: '_id', as: 'found' } }, { $count: 'n' }],
  ],
  [
    '$lookup, everything for each',
    () => [
      { $limit: 100 },
      { $lookup: { from: 'large', pipeline: [{ $match: { $expr: { $gt: ['$n', 5] } } }], as: 'f' } },
      { $project: { n: { $size: '$f' } } },
    ],
  ],
  [
    '$lookup in $lookup',
    () => [
      { $limit: 10 },
      {
        $lookup: {
          from: 'large',
          pipeline: [{ $lookup: { from: 'large', pipeline: [], as: 'g' } }, { $count: 'n' }],
          as: 'f',
        },
      },
      { $count: 'n' },
    ],
  ],
  [
    '$graphLookup',
    () => [
      { $match: { _id: 2_000 } },
      {
        $graphLookup: {
          from: 'large',
          startWith: '$parent',
          connectFromField: 'parent',
          connectToField: '_id',
          as: 'up',
        },
      },
      { $project: { n: { $size: '$up' } } },
    ],
  ],
  [
    '$graphLookup, all of one value',
    () => [
      { $limit: 1 },
      {
        $graphLookup: {
          from: 'large',
          startWith: '$group',
          connectFromField: 'group',
          connectToField: 'group',
          as: 'up',
        },
      },
      { $project: { n: { $size: '$up' } } },
    ],
  ],
  [
    '$facet',
    () => [
      {
        $facet: {
          a: [{ $group: { _id: '$n' } }],
          b: [{ $sort: { n: -1 } }, { $limit: 3 }],
          c: [{ $bucketAuto: { groupBy: '$n', buckets: 5 } }],
        },
      },
      { $project: { a: { $size: '$a' } } },
    ],
  ],
  [
    '$unwind of $push',
    () => [
      { $group: { _id: null, t: { $push: '$n' } } },
      { $unwind: '$t' },
      { $group: { _id: null, n: { $sum: '$t' } } },
    ],
  ],
  ['$sample', ({ size }) => [{ $sample: { size: size / 2 } }, { $count: 'n' }]],
  ['$sort by many keys', () => [{ $sort: { group: 1, list: -1, text: 1, at: -1, decimal: 1, n: 1 } }, { $count: 'n' }]],
  ['$match behind a $set, nothing left', () => [{ $set: { m: { $add: ['$n', 1] } } }, { $match: { m: -1 } }]],
  ['$redact', () => [{ $redact: { $cond: [{ $gt: ['$n', 5] }, '$$KEEP', '$$PRUNE'] } }, { $count: 'n' }]],
  ['$sortByCount', () => [{ $sortByCount: '$n' }, { $count: 'n' }]],
  ['$unionWith', () => [{ $unionWith: { coll: 'large', pipeline: [{ $sort: { text: -1 } }] } }, { $count: 'n' }]],
  ['$out', () => [{ $out: 'out' }]],
  ['$merge', () => [{ $merge: { into: 'merged' } }]],
  [
    'dates as texts',
    () => [
      {
        $project: {
          t: {
            $dateToString: {
              date: '$at',
              format: '%Y-%m-%dT%H:%M:%S.%L%z %j %U %u '.repeat(20),
              timezone: 'Europe/London',
            },
          },
        },
      },
      { $count: 'n' },
    ],
  ],
  [
    'a thousand stages',
    () =>
      integers(999)
        .map((i) => ({ $set: { x: i } }))
        .concat([{ $count: 'n' } as never]),
  ],
  [
    'a pattern over every document',
    () => [{ $match: { $expr: { $regexMatch: { input: '$text', regex: '^(\\w+ )+(\\d+x?)+y$' } } } }, { $count: 'n' }],
  ],
]

const EXPRESSIONS: readonly HeavyCommand[] = [
  expression('$map', () => ({ $map: { input: '$numbers', in: { $add: ['$$this', 1] } } })),
  expression('$map in $map', () => ({
    $map: { input: '$numbers', as: 'a', in: { $map: { input: '$numbers', as: 'b', in: { $add: ['$$a', '$$b'] } } } },
  })),
  expression('$filter in $map', () => ({
    $map: {
      input: '$numbers',
      as: 'a',
      in: { $filter: { input: '$numbers', as: 'b', cond: { $eq: ['$$a', '$$b'] } } },
    },
  })),
  expression('$range in $range', () => ({
    $map: { input: { $range: [0, 1_000_000] }, in: { $range: [0, 1_000_000] } },
  })),
  expression('$reduce that appends', () => ({
    $reduce: { input: '$numbers', initialValue: [], in: { $concatArrays: ['$$value', ['$$this']] } },
  })),
  expression('$reduce that doubles an array', () => ({
    $reduce: { input: { $range: [0, 40] }, initialValue: [1], in: { $concatArrays: ['$$value', '$$value'] } },
  })),
  expression('$reduce that doubles a text', () => ({
    $reduce: { input: { $range: [0, 40] }, initialValue: 'ab', in: { $concat: ['$$value', '$$value'] } },
  })),
  expression('$reduce that nests', () => ({ $reduce: { input: '$numbers', initialValue: [], in: ['$$value'] } })),
  expression('$reduce that nests documents', () => ({
    $reduce: { input: '$numbers', initialValue: {}, in: { a: '$$value' } },
  })),
  expression('$let that doubles', () =>
    nested(30, (inner) => ({ $let: { vars: { x: inner }, in: { $concat: ['$$x', '$$x'] } } }), { $literal: 'ab' }),
  ),
  expression('$zip', () => ({ $zip: { inputs: ['$numbers', '$texts', '$numbers'] } })),
  expression('$setUnion', () => ({ $setUnion: ['$texts', '$numbers'] })),
  expression('$setIntersection', () => ({ $setIntersection: ['$texts', '$numbers'] })),
  expression('$setDifference', () => ({ $setDifference: ['$texts', '$numbers'] })),
  expression('$setIsSubset', () => ({ $setIsSubset: ['$numbers', { $reverseArray: '$numbers' }] })),
  expression('$setEquals', () => ({ $setEquals: ['$numbers', { $reverseArray: '$numbers' }] })),
  expression('$in for each', () => ({
    $filter: { input: '$numbers', cond: { $in: [{ $add: ['$$this', 0.5] }, '$numbers'] } },
  })),
  expression('$indexOfArray for each', () => ({
    $map: { input: '$numbers', in: { $indexOfArray: ['$numbers', '$$this'] } },
  })),
  expression('$sortArray', () => ({ $sortArray: { input: '$documents', sortBy: { n: 1 } } })),
  expression('$arrayToObject', () => ({ $arrayToObject: { $map: { input: '$texts', in: ['$$this', 1] } } })),
  expression('$objectToArray for each', () => ({ $map: { input: '$documents', in: { $objectToArray: '$$this' } } })),
  expression('$mergeObjects in $reduce', () => ({
    $reduce: {
      input: '$texts',
      initialValue: {},
      in: { $mergeObjects: ['$$value', { $arrayToObject: [[['$$this', 1]]] }] },
    },
  })),
  expression('$split', () => ({ $split: ['$text', ' '] })),
  expression('$split for each', () => ({ $map: { input: '$numbers', in: { $size: { $split: ['$text', ' '] } } } })),
  expression('$regexFindAll', () => ({ $regexFindAll: { input: '$text', regex: '\\w+' } })),
  expression('$regexFindAll for each', () => ({
    $map: { input: '$numbers', in: { $regexFindAll: { input: '$text', regex: 'a' } } },
  })),
  expression('$replaceAll for each', () => ({
    $map: { input: '$numbers', in: { $replaceAll: { input: '$text', find: 'a', replacement: 'bb' } } },
  })),
  expression('$replaceAll in $reduce', () => ({
    $reduce: {
      input: { $range: [0, 40] },
      initialValue: 'a',
      in: { $replaceAll: { input: '$$value', find: 'a', replacement: 'aa' } },
    },
  })),
  expression('$indexOfCP for each', () => ({ $map: { input: '$numbers', in: { $indexOfCP: ['$text', 'x'] } } })),
  expression('$substrCP for each', () => ({ $map: { input: '$numbers', in: { $substrCP: ['$text', 5, 2] } } })),
  expression('$toUpper for each', () => ({ $map: { input: '$numbers', in: { $toUpper: '$text' } } })),
  expression('$trim for each', () => ({
    $map: { input: '$numbers', in: { $trim: { input: '$text', chars: 'ab, ' } } },
  })),
  expression('$slice for each', () => ({ $map: { input: '$numbers', in: { $slice: ['$numbers', 50_000] } } })),
  expression('$reverseArray for each', () => ({ $map: { input: '$numbers', in: { $reverseArray: '$numbers' } } })),
  expression('$sum for each', () => ({ $map: { input: '$numbers', in: { $sum: '$numbers' } } })),
  expression('a path for each', () => ({ $map: { input: '$numbers', in: '$documents.i' } })),
  expression('$bsonSize for each', () => ({ $map: { input: '$numbers', in: { $bsonSize: '$$ROOT' } } })),
  expression('$toString of numbers', () => ({ $map: { input: '$numbers', in: { $toString: '$$this' } } })),
  expression('$convert of decimals', () => ({
    $map: { input: '$numbers', in: { $toDecimal: { $concat: [{ $toString: '$$this' }, 'E+6000'] } } },
  })),
  expression('$pow of decimals', () => ({
    $map: { input: '$numbers', in: { $pow: [Decimal128.fromString('1.000000000000000000000000000000001'), 100] } },
  })),
  expression('sums of far decimals', () => ({
    $map: { input: '$numbers', in: { $add: [Decimal128.fromString('1E+6111'), Decimal128.fromString('1E-6176')] } },
  })),
  expression('remainders of far decimals', () => ({
    $map: { input: '$numbers', in: { $mod: [Decimal128.fromString('9E+6111'), Decimal128.fromString('7E-6176')] } },
  })),
  expression('$round of decimals', () => ({
    $map: { input: '$numbers', in: { $round: [Decimal128.fromString('9E+6111'), 20] } },
  })),
  expression('$dateToString of a long format', (size) => ({
    $dateToString: { date: new Date(), format: '%Y'.repeat(size) },
  })),
  expression('$dateFromString for each', () => ({
    $map: { input: '$texts', in: { $dateFromString: { dateString: '$$this', onError: null } } },
  })),
  expression('$dateDiff for each', () => ({
    $map: { input: '$numbers', in: { $dateDiff: { startDate: new Date(0), endDate: new Date(8e14), unit: 'day' } } },
  })),
  expression('$function refused', () => ({ $ifNull: [null, 1] })),
]

const UPDATES: readonly HeavyCommand[] = [
  update('$push of many', (size) => ({ $push: { pushed: { $each: integers(size) } } })),
  update('$push of many, sorted', (size) => ({ $push: { pushed: { $each: integers(size).reverse(), $sort: 1 } } })),
  update('$push of documents, sorted', (size) => ({
    $push: { pushedDocs: { $each: integers(size / 2).map((i) => ({ i })), $sort: { i: -1 } } },
  })),
  update('$addToSet of many', (size) => ({ $addToSet: { set: { $each: integers(size) } } })),
  update('$addToSet of documents', (size) => ({
    $addToSet: { documents: { $each: integers(size / 10).map((i) => ({ i, x: 1 })) } },
  })),
  update('$pull by a list', (size) => ({ $pull: { numbers: { $in: integers(size).map((i) => i + 0.5) } } })),
  update('$pullAll', (size) => ({ $pullAll: { numbers: integers(size).map((i) => i + 0.5) } })),
  update('$pull by a pattern', () => ({ $pull: { texts: /^(\w+ )+(\d+x?)+y$/ } })),
  update('all elements', () => ({ $inc: { 'numbers.$[]': 1 } })),
  update('elements by a filter', () => ({ $set: { 'documents.$[e].x': 1 } }), {
    arrayFilters: [{ 'e.i': { $gt: 5 } }],
  }),
  update('many paths', (size) => ({ $set: Object.fromEntries(integers(size / 5).map((i) => [`paths.p${i}`, i])) })),
  update('many array paths', (size) => ({
    $set: Object.fromEntries(integers(size / 5).map((i) => [`numbers.${i}`, 0])),
  })),
  update('a far index', () => ({ $set: { 'far.1400000': 1 } })),
  update('a pipeline that doubles', () => [
    {
      $set: {
        doubled: {
          $reduce: { input: { $range: [0, 40] }, initialValue: 'ab', in: { $concat: ['$$value', '$$value'] } },
        },
      },
    },
  ]),
  update('a pipeline over arrays', () => [
    { $set: { mapped: { $map: { input: '$numbers', in: { $multiply: ['$$this', 2] } } } } },
  ]),
  update('a positional match', () => ({ $set: { 'documents.$.y': 1 } })),
]

const COMMANDS: readonly HeavyCommand[] = [
  {
    name: '$documents of a long list',
    run: ({ db, size }) => {
      const documents = integers(size / 4).map((i) => ({ i, twice: { $multiply: [i, 2] } }))
      return db.aggregate([{ $documents: documents }, { $sort: { i: -1 } }, { $count: 'n' }]).toArray()
    },
  },
  {
    name: '$documents of an expression',
    run: ({ db, size }) => {
      const documents = { $map: { input: { $range: [0, size] }, in: { i: '$$this' } } }
      return db.aggregate([{ $documents: documents }, { $sort: { i: -1 } }, { $count: 'n' }]).toArray()
    },
  },
  {
    name: 'a find by a large $in',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find({ n: { $in: integers(size) } })
        .project({ _id: 1 })
        .toArray(),
  },
  {
    name: 'a find by a large $in of _id',
    run: ({ db, size }) =>
      db
        .collection<Doc>('large')
        .find({ _id: { $in: integers(size) } })
        .project({ _id: 1 })
        .toArray(),
  },
  {
    name: 'a find by a large $in of texts',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find({ text: { $in: integers(size).map((i) => `text ${i}`) } })
        .project({ _id: 1 })
        .toArray(),
  },
  {
    name: 'a find by a large $nin',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find({ n: { $nin: integers(size) } })
        .toArray(),
  },
  {
    name: 'a find by many patterns',
    run: ({ db }) =>
      db
        .collection<Doc>('large')
        .find({ text: { $in: integers(2_000).map((i) => new RegExp(`^x${i}`)) } })
        .toArray(),
  },
  {
    name: 'a huge $or',
    run: ({ db }) =>
      db
        .collection('large')
        .find({ $or: integers(20_000).map((i) => ({ n: -i - 1 })) })
        .maxTimeMS(3_000)
        .toArray(),
  },
  {
    name: 'a huge $or of _id',
    run: ({ db }) =>
      db
        .collection<{ _id: number; n: number }>('large')
        .find({ $or: integers(20_000).map((i) => ({ _id: i, n: i })) })
        .maxTimeMS(3_000)
        .toArray(),
  },
  {
    name: 'a huge $and',
    run: ({ db }) =>
      db
        .collection('large')
        .find({ $and: integers(20_000).map((i) => ({ n: { $ne: -i } })) })
        .maxTimeMS(3_000)
        .toArray(),
  },
  {
    name: 'a huge $nor',
    run: ({ db }) =>
      db
        .collection('large')
        .find({ $nor: integers(20_000).map((i) => ({ n: -i - 1 })) })
        .maxTimeMS(3_000)
        .toArray(),
  },
  {
    name: 'a huge $all',
    run: ({ db, size }) =>
      db
        .collection('arrays')
        .find({ numbers: { $all: integers(size) } })
        .project({ _id: 1 })
        .toArray(),
  },
  {
    name: '$elemMatch over arrays',
    run: ({ db }) =>
      db
        .collection('arrays')
        .find({ documents: { $elemMatch: { i: -1, n: { $in: integers(1_000) } } } })
        .toArray(),
  },
  {
    name: 'an array in $expr',
    run: ({ db }) =>
      db
        .collection('arrays')
        .find({ $expr: { $in: [-1, { $map: { input: '$numbers', in: { $size: '$numbers' } } }] } })
        .toArray(),
  },
  {
    name: 'a large projection',
    run: ({ db }) =>
      db
        .collection('large')
        .find()
        .limit(1_000)
        .project(Object.fromEntries(integers(10_000).map((i) => [`f${i}`, 1])))
        .toArray(),
  },
  {
    name: 'a large projection of deep paths',
    run: ({ db }) =>
      db
        .collection('large')
        .find()
        .limit(1_000)
        .project(Object.fromEntries(integers(10_000).map((i) => [`a.f${i}`, 1])))
        .toArray(),
  },
  {
    name: 'a projection of arrays',
    run: ({ db }) => db.collection('arrays').find().project({ 'documents.i': 1 }).toArray(),
  },
  {
    name: 'a sort',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find()
        .sort({ text: -1 })
        .skip(size - 5)
        .toArray(),
  },
  {
    name: 'a sort by many keys',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find()
        .sort(Object.fromEntries(integers(32).map((i) => [`k${i}`, 1])))
        .skip(size - 5)
        .toArray(),
  },
  {
    name: 'a sort by a collation',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find()
        .sort({ text: 1 })
        .collation({ locale: 'de', strength: 1 })
        .skip(size - 5)
        .toArray(),
  },
  { name: 'a sort of an array field', run: ({ db }) => db.collection('arrays').find().sort({ numbers: 1 }).toArray() },
  {
    name: 'a skip',
    run: ({ db, size }) =>
      db
        .collection('large')
        .find()
        .skip(size - 1)
        .toArray(),
  },
  { name: 'distinct', run: ({ db }) => db.collection('large').distinct('text') },
  { name: 'distinct of an array', run: ({ db }) => db.collection('arrays').distinct('numbers') },
  { name: 'a count with a filter', run: ({ db }) => db.collection('large').countDocuments({ n: { $gt: 5 } }) },
  {
    name: 'a large collation string',
    run: ({ db }) =>
      db
        .collection('arrays')
        .find({ text: 'A'.repeat(1_000_000) })
        .collation({ locale: 'en', strength: 1 })
        .toArray(),
  },
  {
    name: 'a collation that is none',
    run: ({ db }) =>
      db
        .collection('arrays')
        .find({})
        .collation({ locale: 'x'.repeat(1_000_000) })
        .toArray(),
  },
  { name: 'collMod', run: ({ db }) => db.command({ collMod: 'large' }) },
  { name: 'collStats', run: ({ db }) => db.command({ collStats: 'large' }) },
  { name: 'dbStats', run: ({ db }) => db.command({ dbStats: 1 }) },
  { name: 'createIndexes', run: ({ db }) => db.collection('large').createIndex({ n: 1, text: 1 }) },
  {
    name: 'createIndexes, six at once',
    run: ({ db }) =>
      db
        .collection('large')
        .createIndexes(['text', 'at', 'decimal', 'group', 'parent', 'list'].map((f) => ({ key: { [f]: 1 } }))),
  },
  { name: 'createIndexes on large arrays', run: ({ db }) => db.collection('arrays').createIndex({ numbers: 1 }) },
  {
    name: 'an update of an indexed large array',
    run: ({ db }) => db.collection('arrays').updateOne({}, { $inc: { 'numbers.$[]': 1 } }),
  },
  { name: 'drop of the index on large arrays', run: ({ db }) => db.collection('arrays').dropIndex('numbers_1') },
  {
    name: 'insert of an indexed large array',
    run: async ({ db, size }) => {
      await db.collection('indexed').createIndexes([{ key: { a: 1 } }, { key: { 'd.i': 1, b: 1 } }])
      const documents = integers(size / 2).map((i) => ({ i: i % 7 ? i : `text ${i}` }))
      await db.collection<Doc>('indexed').insertOne({ _id: 1, a: integers(size), d: documents, b: 1 })
    },
  },
  {
    name: 'replacement of an indexed large array',
    run: ({ db, size }) =>
      db.collection<Doc>('indexed').replaceOne({ _id: 1 }, { a: integers(size).map((i) => `text ${i}`), b: 1 }),
  },
  {
    name: '$push to an indexed large array',
    run: ({ db }) => db.collection<Doc>('indexed').updateMany({}, { $push: { a: -1 as never } }),
  },
  {
    name: 'many updates of indexed arrays',
    run: async ({ db, size }) => {
      const docs = integers(20).map((k) => ({ a: integers(size / 20).map((i) => 20 * i + k) }))
      await db.collection('indexed').insertMany(docs)
      await db
        .collection('indexed')
        .updateMany({}, { $inc: { 'a.$[e]': 1 } }, { arrayFilters: [{ e: { $type: 'int' } }] })
    },
  },
  { name: 'deletes of indexed large arrays', run: ({ db }) => db.collection('indexed').deleteMany({}) },
  { name: 'validate', run: ({ db }) => db.command({ validate: 'large' }) },
  {
    name: 'many updates',
    run: ({ db }) => db.collection('large').updateMany({}, { $inc: { group: 1 }, $set: { extra: 'x' } }),
  },
  {
    name: 'many updates by a pipeline',
    run: ({ db }) => db.collection('large').updateMany({}, [{ $set: { extra: { $concat: ['$text', 'y'] } } }]),
  },
  {
    name: 'insert of a large batch',
    run: ({ db, size }) => db.collection('inserted').insertMany(integers(size).map((i) => ({ i }))),
  },
  {
    name: 'bulk updates',
    run: ({ db }) =>
      db.collection<Doc>('large').bulkWrite(
        integers(20_000).map((i) => ({ updateOne: { filter: { _id: i }, update: { $set: { z: i } } } })),
        { ordered: false },
      ),
  },
  { name: 'a transaction of many changes', run: (data) => transaction(data) },
  { name: 'many deletes', run: ({ db }) => db.collection('inserted').deleteMany({}) },
  { name: 'drop', run: ({ db }) => db.collection('out').drop() },
  {
    name: 'a document of 15 MiB, one text',
    run: ({ db }) => db.collection('wide').insertOne({ text: 'x'.repeat(15_000_000) }),
  },
  {
    name: 'a document of 8 MiB, many fields',
    run: ({ db }) =>
      db.collection('wide').insertOne(Object.fromEntries(integers(400_000).map((i) => [`field${i}`, i]))),
  },
  {
    name: 'a document of 8 MiB, many elements',
    run: ({ db }) => db.collection('wide').insertOne({ a: integers(700_000) }),
  },
  {
    name: 'a document of 8 MiB, many documents',
    run: ({ db }) => db.collection('wide').insertOne({ a: integers(300_000).map((i) => ({ i, d: {} })) }),
  },
  {
    name: 'a document of many levels',
    run: ({ db }) => db.collection('wide').insertOne({ a: integers(5_000).map(() => nested(90, (b) => ({ b }), {})) }),
  },
  { name: 'reading them', run: ({ db }) => db.collection('wide').find().toArray() },
  { name: 'looking into them', run: ({ db }) => db.collection('wide').find({ 'a.b.c': 5 }).toArray() },
  { name: 'a small change in them', run: ({ db }) => db.collection('wide').updateMany({}, { $set: { z: 1 } }) },
  {
    name: 'an aggregation of them',
    run: ({ db }) =>
      db
        .collection('wide')
        .aggregate([{ $group: { _id: { $type: '$a' }, n: { $sum: 1 } } }])
        .toArray(),
  },
  {
    name: 'a long command',
    run: ({ db }) =>
      db
        .collection('large')
        .find({ n: { $in: integers(900_000).map((i) => Long.fromNumber(i)) } })
        .limit(1)
        .toArray(),
  },
  { name: 'an unknown command of 20 MiB', run: ({ db }) => db.command({ nonsense: 1, a: integers(1_000_000) }) },
  { name: 'a ping with 10 MiB of comment', run: ({ db }) => db.command({ ping: 1, comment: integers(700_000) }) },
]

const CROWD: readonly HeavyCommand[] = [
  {
    name: 'creating many collections',
    run: ({ db, size }) =>
      each(integers(Math.min(3_000, size / 25)), (i) => db.client.db('crowd').createCollection(`c${i}`)),
  },
  { name: 'listing many collections', run: ({ db }) => db.client.db('crowd').listCollections().toArray() },
  { name: 'listDatabases', run: ({ db }) => db.admin().listDatabases() },
  { name: 'dbStats of many collections', run: ({ db }) => db.client.db('crowd').command({ dbStats: 1 }) },
  { name: 'dropDatabase of many collections', run: ({ db }) => db.client.db('crowd').dropDatabase() },
  { name: 'dropDatabase', run: ({ db }) => db.dropDatabase() },
]

async function transaction({ db, size }: HeavyData): Promise<unknown> {
  return db.client.withSession((session) =>
    session.withTransaction(async () => {
      await db.collection('large').updateMany({}, { $set: { t: 1 } }, { session })
      await db.collection('inserted').insertMany(
        integers(size / 2).map((i) => ({ i })),
        { session },
      )
    }),
  )
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += 16) await Promise.all(items.slice(from, from + 16).map(work))
}

/** In this order: some need what others have made. */
export const HEAVY_COMMANDS: readonly HeavyCommand[] = [
  ...STAGES.map(([name, stages]) => ({ name, run: aggregate(stages) })),
  ...EXPRESSIONS,
  ...UPDATES,
  ...COMMANDS,
  ...CROWD,
]
