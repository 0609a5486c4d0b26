import { type Collection, type Document, Long } from 'mongodb'
import { type Doc, codeOf, idsOf, serverError, useEngine } from './use-engine'

const engine = useEngine()
let shops: Collection<Doc>
beforeAll(async () => {
  shops = await engine.collection([
    { _id: 1, zip: 10 },
    { _id: 2, zip: 20 },
  ])
})

const results = (pipeline: Document[], options = {}) => engine.db.aggregate(pipeline, options).toArray()

/** An expression that gives so many documents. */
const counted = (count: number) => ({ $map: { input: { $range: [0, count] }, in: { _id: '$$this' } } })

describe('$documents on a database', () => {
  it.each<[string, Document[], Document[]]>([
    ['a list', [{ $documents: [{ a: 1 }, { a: 2 }] }], [{ a: 1 }, { a: 2 }]],
    ['none', [{ $documents: [] }], []],
    ['an expression', [{ $documents: counted(3) }], [{ _id: 0 }, { _id: 1 }, { _id: 2 }]],
    ['expressions in a list', [{ $documents: [{ a: { $add: [1, 2] } }, { a: '$none' }] }], [{ a: 3 }, {}]],
    [
      'and then other stages',
      [{ $documents: [{ x: 10 }, { x: 2 }, { x: 5 }] }, { $match: { x: { $gt: 2 } } }, { $sort: { x: 1 } }],
      [{ x: 5 }, { x: 10 }],
    ],
  ])('%s', async (_, pipeline, expected) => {
    expect(await results(pipeline)).toEqual(expected)
  })

  it('sees the variables of the command, and joins with collections', async () => {
    expect(await results([{ $documents: ['$$one'] }], { let: { one: { $literal: { a: '$b' } } } })).toEqual([
      { a: '$b' },
    ])
    const join = { from: shops.collectionName, localField: 'zip', foreignField: 'zip', as: 'shops' }
    expect(await results([{ $documents: [{ zip: 20 }] }, { $lookup: join }])).toEqual([
      { zip: 20, shops: [{ _id: 2, zip: 20 }] },
    ])
  })

  it('in a transaction, and into a collection', async () => {
    await engine.client.withSession((session) =>
      session.withTransaction(async () => {
        expect(await results([{ $documents: [{ a: 1 }] }], { session })).toEqual([{ a: 1 }])
      }),
    )
    expect(await results([{ $documents: counted(2) }, { $out: 'written' }])).toEqual([])
    expect(await idsOf(engine.db.collection('written').find().sort({ _id: 1 }).toArray())).toEqual([0, 1])
  })

  it('is read batch by batch', async () => {
    const command = { aggregate: 1, pipeline: [{ $documents: counted(5) }], cursor: { batchSize: 2 } }
    const { cursor } = await engine.db.command(command, { promoteLongs: false })
    expect(cursor).toMatchObject({ ns: `${engine.database}.$cmd.aggregate`, firstBatch: [{ _id: 0 }, { _id: 1 }] })
    const more = { getMore: cursor.id as Long, collection: '$cmd.aggregate', batchSize: 2 }
    const next = await engine.db.command(more)
    expect(next['cursor']).toMatchObject({ nextBatch: [{ _id: 2 }, { _id: 3 }] })
    const last = await engine.db.command(more, { promoteLongs: false })
    expect(last['cursor']).toMatchObject({ nextBatch: [{ _id: 4 }], id: Long.ZERO })
    expect(await results([{ $documents: counted(500) }], { batchSize: 7 })).toHaveLength(500)
  })

  it('a list may be longer than what an expression may make of one document', async () => {
    const list = Array.from({ length: 60_000 }, (_, i) => ({ i, twice: { $multiply: [i, 2] } }))
    const sum = { $group: { _id: null, n: { $sum: 1 }, sum: { $sum: '$twice' } } }
    expect(await results([{ $documents: list }, sum])).toEqual([{ _id: null, n: 60_000, sum: 60_000 * 59_999 }])
  })

  it('what it holds is bounded, and given back', async () => {
    const text = 'x'.repeat(4_000_000)
    const join = { as: 'all', let: { id: '$_id' }, pipeline: [{ $documents: [{ id: '$$id', text }] }, { $count: 'n' }] }
    const found = await results([{ $documents: counted(40) }, { $lookup: join }])
    expect(found[39]).toEqual({ _id: 39, all: [{ n: 1 }] })
    const copies = { $map: { input: { $range: [0, 10] }, in: { text } } }
    expect((await serverError(results([{ $documents: copies }]))).code).toBe(10_334)
  })
})

describe('$documents in other stages', () => {
  const LIST = {
    $documents: [
      { zip: 10, n: 'a' },
      { zip: 20, n: 'b' },
      { zip: 20, n: 'c' },
    ],
  }

  it('in $unionWith without a collection', async () => {
    expect(await shops.aggregate([{ $unionWith: { pipeline: [{ $documents: [{ zip: 30 }] }] } }]).toArray()).toEqual([
      { _id: 1, zip: 10 },
      { _id: 2, zip: 20 },
      { zip: 30 },
    ])
  })

  it('in $lookup without one, by fields, by a pipeline, by both', async () => {
    const names = async (lookup: Document) => {
      const pipeline = [{ $lookup: { ...lookup, as: 'with' } }, { $project: { _id: 0, with: '$with.n' } }]
      return (await shops.aggregate(pipeline).toArray()).map((doc) => doc['with'] as unknown)
    }
    const fields = { localField: 'zip', foreignField: 'zip' }
    const mine = { $match: { $expr: { $eq: ['$zip', '$$zip'] } } }
    const variables = { zip: '$zip' }
    expect(await names({ ...fields, pipeline: [LIST] })).toEqual([['a'], ['b', 'c']])
    expect(await names({ ...fields, pipeline: [LIST, { $match: { n: { $ne: 'b' } } }] })).toEqual([['a'], ['c']])
    expect(await names({ pipeline: [LIST, { $limit: 1 }] })).toEqual([['a'], ['a']])
    expect(await names({ let: variables, pipeline: [LIST, mine] })).toEqual([['a'], ['b', 'c']])
    const own = {
      $documents: [
        { zip: '$$zip', n: 'own' },
        { zip: 20, n: 'other' },
      ],
    }
    expect(await names({ ...fields, let: variables, pipeline: [own] })).toEqual([['own'], ['own', 'other']])
  })
})

describe('what cannot be', () => {
  const collection = () => shops.collectionName
  const only = [{ $documents: [{ a: 1 }] }]

  it.each<[string, Document[], number]>([
    ['elements that are no documents', [{ $documents: [1, 2] }], 40_228],
    ['one of them', [{ $documents: [{ a: 1 }, null] }], 40_228],
    ['no list', [{ $documents: 'text' }], 5_858_203],
    ['a document', [{ $documents: { a: 1 } }], 5_858_203],
    ['an unknown operator', [{ $documents: [{ a: 1 }, { a: { $nope: 1 } }] }], 168],
    ['not the first stage', [...only, ...only], 40_602],
    ['within $facet', [...only, { $facet: { a: only } }], 40_600],
    ['no stage', [], 73],
    ['a stage that needs a collection', [{ $match: {} }], 73],
    ['its place after such a stage', [{ $project: { a: 1 } }, ...only], 73],
    ['an output alone', [{ $out: 'x' }], 73],
    ['an unknown stage', [{ $nope: {} }], 40_324],
    ['another one of databases', [{ $currentOp: {} }], 238],
    ['$unionWith without documents', [...only, { $unionWith: { pipeline: [{ $match: {} }] } }], 9],
    ['$lookup without documents', [...only, { $lookup: { as: 'a', pipeline: [] } }], 9],
  ])('%s', async (_, pipeline, code) => {
    expect((await serverError(results(pipeline))).code).toBe(code)
  })

  it('on a collection: 73', async () => {
    const refused = [73, 'InvalidNamespace']
    expect(await codeOf(shops.aggregate(only).toArray())).toEqual(refused)
    expect(await codeOf(shops.aggregate([{ $unionWith: { coll: 'x', pipeline: only } }]).toArray())).toEqual(refused)
    const lookup = { from: collection(), pipeline: only, as: 'x' }
    expect(await codeOf(shops.aggregate([{ $lookup: lookup }]).toArray())).toEqual(refused)
  })

  it('a number other than 1: 2', async () => {
    const command = { aggregate: 2, pipeline: only, cursor: {} }
    expect(await codeOf(engine.db.command(command))).toEqual([2, 'BadValue'])
  })

  it('what came before a mistake in a list is answered', async () => {
    const cursor = engine.db.aggregate([{ $documents: [{ a: 1 }, { a: 2 }, 3] }], { batchSize: 1 })
    expect(await cursor.next()).toEqual({ a: 1 })
    expect((await serverError(cursor.next())).code).toBe(40_228)
  })
})

describe('explain', () => {
  const pipeline = [{ $documents: [{ a: 1 }, { a: 2 }] }, { $limit: 1 }]
  const explain = (stages: Document[], verbosity: string) =>
    engine.db.command({ explain: { aggregate: 1, pipeline: stages, cursor: {} }, verbosity })

  it('shows the stages; with numbers, those of the documents', async () => {
    expect(await explain(pipeline, 'queryPlanner')).toMatchObject({ explainVersion: '1', stages: pipeline })
    for (const verbosity of ['executionStats', 'allPlansExecution']) {
      const { stages } = await explain(pipeline, verbosity)
      expect(stages).toEqual([
        { ...pipeline[0], nReturned: 2, executionTimeMillisEstimate: expect.any(Number) },
        pipeline[1],
      ])
    }
    expect(await engine.db.command({ aggregate: 1, pipeline, explain: true })).toMatchObject({ stages: pipeline })
  })

  it('refuses what cannot be run', async () => {
    expect((await serverError(explain([...pipeline, { $nope: 1 }], 'queryPlanner'))).code).toBe(40_324)
    expect((await serverError(explain([{ $documents: [1] }], 'executionStats'))).code).toBe(40_228)
    expect((await serverError(explain([{ $match: {} }], 'queryPlanner'))).code).toBe(73)
  })
})
