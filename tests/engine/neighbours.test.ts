import { type Collection, MongoClient } from 'mongodb'
import { type Doc, codeOf, useEngine } from './use-engine'

/** On an idle machine a neighbour waits for less than 50 ms; here others may have the processors. */
const WAIT_MS_MAX = 500
/** Where these make the work itself slow: work that takes no turns lets a neighbour wait for nearly all of it. */
const WAIT_SHARE_MAX = 0.25
const DOCUMENTS = 100_000

let neighbour: MongoClient
let large: Collection<Doc>
// Before the engine's own hook, which stops it: a client that closes later looks for a server first, for 30 s.
afterAll(() => neighbour.close())
const engine = useEngine()

beforeAll(async () => {
  neighbour = await MongoClient.connect(engine.uri, { directConnection: true })
  large = await engine.collection()
  for (let from = 0; from < DOCUMENTS; from += 20_000) {
    const numbers = Array.from({ length: 20_000 }, (_, i) => from + i)
    await large.insertMany(
      numbers.map((i) => ({ _id: i, n: (i * 7_919) % DOCUMENTS, group: i % 50, text: `text ${i}` })),
    )
  }
}, 60_000)

/** The longest time that a ping took while `work` was done, and how long that took. */
async function longestPing(work: () => Promise<unknown>): Promise<{ pingMs: number; workMs: number; error: unknown }> {
  let busy = true
  const startedMs = performance.now()
  const settled = work().then(
    () => undefined,
    (error: unknown) => error,
  )
  void settled.finally(() => (busy = false))
  let pingMs = 0
  while (busy) {
    const sentMs = performance.now()
    await neighbour.db('admin').command({ ping: 1 })
    pingMs = Math.max(pingMs, performance.now() - sentMs)
  }
  return { pingMs, workMs: performance.now() - startedMs, error: await settled }
}

describe('long work lets a neighbour have its turn', () => {
  const drain = (pipeline: object[]) => () => large.aggregate(pipeline).toArray()
  it.each<[string, () => Promise<unknown>]>([
    [
      'a sort without an index',
      () =>
        large
          .find()
          .sort({ n: 1 })
          .skip(DOCUMENTS - 10)
          .toArray(),
    ],
    [
      '$sort of what is computed',
      drain([{ $set: { m: { $mod: ['$n', 1_000] } } }, { $sort: { m: 1, n: -1 } }, { $skip: 99_990 }]),
    ],
    [
      '$group',
      drain([{ $group: { _id: '$group', total: { $sum: '$n' }, all: { $push: '$n' } } }, { $project: { total: 1 } }]),
    ],
    ['$group into as many groups', drain([{ $group: { _id: '$n', text: { $first: '$text' } } }, { $count: 'n' }])],
    ['$bucket', drain([{ $bucket: { groupBy: '$n', boundaries: [0, 1_000, 50_000, DOCUMENTS] } }])],
    ['$facet', drain([{ $facet: { a: [{ $group: { _id: '$group' } }], b: [{ $sort: { n: -1 } }, { $limit: 3 }] } }])],
    [
      '$lookup',
      drain([
        { $limit: 2_000 },
        { $lookup: { from: 'c1', localField: 'n', foreignField: '_id', as: 'found' } },
        { $count: 'n' },
      ]),
    ],
    [
      '$setWindowFields',
      drain([
        { $match: { _id: { $lt: 10_000 } } },
        {
          $setWindowFields: {
            partitionBy: '$group',
            sortBy: { n: 1 },
            output: { before: { $sum: '$n', window: { documents: [-1, 0] } } },
          },
        },
        { $count: 'n' },
      ]),
    ],
    ['distinct', () => large.distinct('group')],
    ['a scan with a pattern', () => large.countDocuments({ _id: { $lt: 3_000 }, text: /^(\w+ )+(\d+x?)+y$/ })],
  ])(
    '%s',
    async (_, work) => {
      const { pingMs, workMs, error } = await longestPing(work)
      expect(error).toBeUndefined()
      expect(pingMs).toBeLessThan(Math.max(WAIT_MS_MAX, workMs * WAIT_SHARE_MAX))
    },
    60_000,
  )
})

describe('a regular expression that would take for ever is stopped', () => {
  const text = `${'a'.repeat(40)}!`
  it.each<[string, object]>([
    ['nested repetition', { text: /^(a+)+$/ }],
    ['alternatives that overlap', { text: /^(a|aa)+$/ }],
    ['within $not', { text: { $not: /^(a+)+$/ } }],
    ['within $in', { text: { $in: [/^(a|a)*$/] } }],
    ['in the elements of an array', { texts: /(x+x+)+y/ }],
    ['within $expr', { $expr: { $regexMatch: { input: '$text', regex: '^(a+)+$' } } }],
  ])('%s', async (_, filter) => {
    const collection = await engine.collection([{ text, texts: Array.from({ length: 50 }, () => 'x'.repeat(40)) }])
    const { pingMs, error } = await longestPing(() => collection.find(filter).toArray())
    expect(error).toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' })
    expect(pingMs).toBeLessThan(WAIT_MS_MAX)
  })

  it('in a write too, which changes nothing', async () => {
    const collection = await engine.collection([{ _id: 1, text }])
    const [code] = await codeOf(collection.updateMany({ text: /^(a+)+$/ }, { $set: { done: true } }))
    expect(code).toBe(50)
    expect(await collection.findOne()).toEqual({ _id: 1, text })
  })

  it('and the same expressions work on texts that they decide', async () => {
    const collection = await engine.collection([
      { _id: 1, text: 'aaaa' },
      { _id: 2, text: 'aab' },
      { _id: 3, text: 'a'.repeat(5_000) },
    ])
    const found = await collection
      .find({ text: /^(a+)+$/ })
      .sort({ _id: 1 })
      .toArray()
    expect(found.map(({ _id }) => _id)).toEqual([1, 3])
  })
})

it('maxTimeMS ends a sort and a pipeline in their middle', async () => {
  expect(await codeOf(large.find().sort({ n: 1 }).maxTimeMS(20).toArray())).toEqual([50, 'MaxTimeMSExpired'])
  const pipeline = [{ $group: { _id: '$n' } }, { $sort: { _id: 1 } }]
  expect(await codeOf(large.aggregate(pipeline, { maxTimeMS: 20 }).toArray())).toEqual([50, 'MaxTimeMSExpired'])
})
