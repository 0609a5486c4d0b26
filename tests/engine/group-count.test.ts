import { type Collection, type Document, Double, Int32, Long } from 'mongodb'
import { type Doc, useEngine } from './use-engine'

const engine = useEngine()

const COUNT = [{ $group: { _id: '$kind', n: { $sum: 1 }, again: { $count: {} } } }]

/** Kinds of every sort, each of many documents: enough for an index to be worth it. */
function documents(): Document[] {
  const seven = Long.fromNumber(7)
  const kinds = [
    null,
    new Int32(1),
    new Double(2.5),
    'a',
    'b\0c',
    '',
    true,
    new Date(5),
    { x: 1 },
    seven,
    new Double(1),
  ]
  return Array.from({ length: 600 }, (_, i) => {
    return { _id: i, ...(i % 12 === 11 ? {} : { kind: kinds[i % 12] }), amount: i }
  })
}

async function sorted(collection: Collection<Doc>, pipeline: Document[]): Promise<string[]> {
  const found = await collection.aggregate(pipeline).toArray()
  // 1 and 1.0 are one group, and which of them names it is not said.
  return found.map((group) => JSON.stringify(group)).sort()
}

async function stageOf(collection: Collection<Doc>, pipeline: Document[]): Promise<Document> {
  const explained = await collection.aggregate(pipeline).explain('executionStats')
  const { queryPlanner, executionStats } = (explained['stages'] as Document[] | undefined)?.[0]?.['$cursor'] as Document
  return { stage: (queryPlanner as Document)['winningPlan']['stage'] as string, ...(executionStats as Document) }
}

describe('groups that are only counted', () => {
  it.each([1, -1] as const)('are the same by an index (%s) as by all documents', async (order) => {
    const collection = await engine.collection(documents())
    const expected = await sorted(collection, COUNT)
    await collection.createIndex({ kind: order, amount: 1 })
    expect(await sorted(collection, COUNT)).toEqual(expected)
    expect(expected).toHaveLength(10)
    const { stage, totalDocsExamined, totalKeysExamined, nReturned } = await stageOf(collection, COUNT)
    expect([stage, totalDocsExamined, totalKeysExamined, nReturned]).toEqual(['COUNT_SCAN', 10, 600, 10])
  })

  it('go through the stages that follow', async () => {
    const collection = await engine.collection(documents())
    await collection.createIndex({ kind: 1 })
    const rest = [{ $match: { n: { $gt: 50 } } }, { $project: { n: 1 } }, { $sort: { _id: 1 } }]
    expect(await collection.aggregate([...COUNT, ...rest]).toArray()).toEqual([
      { _id: null, n: 100 },
      { _id: 1, n: 100 },
    ])
    await expect(collection.aggregate([...COUNT, { $nonsense: 1 }]).toArray()).rejects.toMatchObject({ code: 40324 })
  })

  it('are those of the transaction that asks', async () => {
    const collection = await engine.collection(documents())
    await collection.createIndex({ kind: 1 })
    await engine.client.withSession(async (session) => {
      session.startTransaction()
      await collection.insertMany(
        Array.from({ length: 9 }, (_, i) => ({ _id: `new${i}`, kind: 'new' })),
        { session },
      )
      await collection.deleteMany({ kind: 'a' }, { session })
      const inside = await collection.aggregate(COUNT, { session }).toArray()
      expect(inside).toContainEqual({ _id: 'new', n: 9, again: 9 })
      expect(inside.some(({ _id }) => _id === 'a')).toBe(false)
      await session.abortTransaction()
    })
    expect(await collection.aggregate(COUNT).toArray()).toContainEqual({ _id: 'a', n: 50, again: 50 })
  })

  it('are read from the documents where the index does not have each once', async () => {
    const collection = await engine.collection(documents())
    await collection.createIndex({ kind: 1 })
    await collection.insertOne({ _id: 'array', kind: ['a', 'b'] })
    const groups = await collection.aggregate(COUNT).toArray()
    expect(groups).toContainEqual({ _id: ['a', 'b'], n: 1, again: 1 })
    expect(groups).toContainEqual({ _id: 'a', n: 50, again: 50 })
    expect((await stageOf(collection, COUNT))['stage']).toBe('COLLSCAN')
  })

  it('are read from the documents where nearly each is a group of its own', async () => {
    const collection = await engine.collection(Array.from({ length: 300 }, (_, i) => ({ _id: i, kind: `k${i}` })))
    await collection.createIndex({ kind: 1 })
    const groups = await collection.aggregate(COUNT).toArray()
    expect(groups).toHaveLength(300)
    expect(groups.every(({ n }) => n === 1)).toBe(true)
  })

  it('by a sparse or a partial index would lack some', async () => {
    const collection = await engine.collection(documents())
    const expected = await sorted(collection, COUNT)
    await collection.createIndex({ kind: 1 }, { sparse: true })
    await collection.createIndex({ kind: 1 }, { name: 'partial', partialFilterExpression: { amount: { $gt: 100 } } })
    expect(await sorted(collection, COUNT)).toEqual(expected)
  })
})

describe('other groups', () => {
  it('see the fields that they name, in whatever way', async () => {
    const collection = await engine.collection(documents().slice(0, 24))
    const sums = await collection
      .aggregate([
        {
          $group: {
            _id: { $ifNull: ['$missing', 'none'] },
            sum: { $sum: { $multiply: ['$amount', 2] } },
            whole: { $first: '$$ROOT' },
            current: { $last: '$$CURRENT.amount' },
            got: { $max: { $getField: 'amount' } },
          },
        },
      ])
      .toArray()
    expect(sums).toEqual([{ _id: 'none', sum: 552, whole: { _id: 0, kind: null, amount: 0 }, current: 23, got: 23 }])
    expect(await collection.aggregate([{ $sortByCount: '$kind' }, { $limit: 1 }]).toArray()).toEqual([
      { _id: null, count: 4 },
    ])
    const top = { $top: { sortBy: { amount: -1 }, output: '$amount' } }
    expect(await collection.aggregate([{ $group: { _id: null, top } }]).toArray()).toEqual([{ _id: null, top: 23 }])
  })
})

describe('explain of a pipeline that counts', () => {
  it('reads keys alone where the bounds decide', async () => {
    const collection = await engine.collection(documents())
    await collection.createIndex({ amount: 1 })
    for (const rest of [[{ $count: 'n' }], [{ $group: { _id: null, n: { $sum: 1 } } }]]) {
      const pipeline = [{ $match: { amount: { $gte: 100, $lt: 400 } } }, ...rest]
      const { stage, totalDocsExamined, totalKeysExamined } = await stageOf(collection, pipeline)
      expect([stage, totalDocsExamined, totalKeysExamined]).toEqual(['COUNT_SCAN', 0, 300])
    }
  })
})
