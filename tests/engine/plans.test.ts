import { type Collection, type Document, type Sort } from 'mongodb'
import { type Doc, useEngine } from './use-engine'

const DOCUMENTS = 3_000
const engine = useEngine()
let collection: Collection<Doc>

beforeAll(async () => {
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({
    _id: i,
    n: (i * 7) % DOCUMENTS,
    group: i % 30,
    at: new Date((i * 13) % DOCUMENTS),
    kind: i % 3 === 0 ? 'common' : 'rare',
    tags: [`t${i % 5}`, `u${i % 7}`],
    free: i % 11,
  }))
  collection = await engine.collection(documents)
  await collection.createIndexes([
    { key: { n: 1 }, name: 'by_n' },
    { key: { group: 1, at: -1 }, name: 'by_group' },
    { key: { kind: 1 }, name: 'by_kind' },
    { key: { tags: 1, at: 1 }, name: 'by_tag' },
    { key: { at: 1 }, name: 'by_at' },
  ])
})

interface Query {
  readonly filter: Document
  readonly sort?: Sort
  readonly limit?: number
}
const cursorOf = ({ filter, sort, limit = 0 }: Query) => collection.find(filter, { ...(sort && { sort }), limit })

async function explained(query: Query) {
  const { queryPlanner, executionStats } = (await cursorOf(query).explain('executionStats')) as Record<string, Document>
  return {
    plan: queryPlanner?.['winningPlan'] as Document,
    rejected: queryPlanner?.['rejectedPlans'] as Document[],
    stats: executionStats ?? {},
  }
}

it('each branch of an $or by its own index', async () => {
  const { plan, stats } = await explained({
    filter: { $or: [{ n: 5 }, { group: 3, at: { $lt: new Date(100) } }, { _id: 7 }] },
  })
  expect(plan).toMatchObject({ stage: 'FETCH', inputStage: { stage: 'OR' } })
  const { inputStages } = plan['inputStage'] as { inputStages: Document[] }
  expect(inputStages.map((stage) => stage['indexName'] as unknown)).toEqual(['by_n', 'by_group', '_id_'])
  expect(stats['totalDocsExamined']).toBeLessThan(20)
})

it('an $or on one field is an $in', async () => {
  const { plan } = await explained({ filter: { $or: [{ n: 5 }, { n: 6 }, { n: { $in: [6, 7] } }] } })
  expect(plan).toMatchObject({ inputStage: { stage: 'IXSCAN', indexBounds: { n: ['[5, 5]', '[6, 6]', '[7, 7]'] } } })
})

it('a branch without an index: all is scanned', async () => {
  expect((await explained({ filter: { $or: [{ n: 5 }, { free: 3 }] } })).plan).toMatchObject({ stage: 'COLLSCAN' })
})

it('$in and a sort by what follows: ranges are merged, and a page reads a page', async () => {
  for (const direction of [1, -1] as const) {
    const { plan, stats } = await explained({
      filter: { group: { $in: [3, 5, 9] } },
      sort: { at: direction },
      limit: 10,
    })
    expect(plan).toMatchObject({
      stage: 'LIMIT',
      inputStage: { inputStage: { stage: 'SORT_MERGE', sortPattern: { at: direction } } },
    })
    expect(stats['totalDocsExamined']).toBe(10)
  }
})

it('of two indexes the one that reads less', async () => {
  const common = await explained({ filter: { kind: 'common', n: { $gte: 10, $lt: 13 } } })
  expect(common.plan).toMatchObject({ inputStage: { indexName: 'by_n' } })
  expect(common.rejected).toEqual([
    expect.objectContaining({ stage: 'FETCH', inputStage: expect.objectContaining({ indexName: 'by_kind' }) }),
  ])
  const never = await explained({ filter: { kind: 'never', n: { $gte: 10 } } })
  expect(never.plan).toMatchObject({ inputStage: { indexName: 'by_kind' } })
})

it('a count that the bounds decide reads keys alone', async () => {
  const explanation = (await engine.db.command({
    explain: { count: collection.collectionName, query: { kind: 'common' } },
    verbosity: 'executionStats',
  })) as { queryPlanner: Document; executionStats: Document }
  expect(explanation.queryPlanner['winningPlan']).toMatchObject({ stage: 'COUNT', inputStage: { stage: 'COUNT_SCAN' } })
  expect(explanation.executionStats).toMatchObject({ totalDocsExamined: 0, totalKeysExamined: 1_000 })
})

describe('finds what a scan finds, in its order', () => {
  const or = [
    { n: { $lt: 40 } },
    { group: { $in: [1, 2] }, at: { $gte: new Date(2_500) } },
    { tags: 't3', at: new Date(9) },
  ]
  it.each<[Query]>([
    [{ filter: { $or: or } }],
    [{ filter: { $or: or, kind: 'rare' }, sort: { at: -1, _id: 1 }, limit: 7 }],
    [{ filter: { $and: [{ $or: or }, { $or: [{ n: 7 }, { group: 1 }] }] } }],
    [{ filter: { $or: [{ tags: 't1' }, { tags: 'u2' }, { n: 3 }] } }],
    [{ filter: { group: { $in: [1, 5, 9, 77] } }, sort: { at: 1, _id: 1 } }],
    [{ filter: { group: { $in: [9, 1, 5] } }, sort: { at: -1, _id: 1 }, limit: 11 }],
    [
      {
        filter: { group: { $in: [9, 1, 5] }, at: { $gte: new Date(400), $lt: new Date(900) } },
        sort: { at: -1, _id: -1 },
      },
    ],
    [{ filter: { tags: { $in: ['t1', 'u2'] } }, sort: { at: 1, _id: 1 }, limit: 40 }],
    [{ filter: { $or: [{ group: 3 }, { group: 8 }] }, sort: { at: 1, _id: 1 }, limit: 9 }],
  ])('%j', async (query) => {
    const sorted = { ...query, sort: query.sort ?? { _id: 1 as const } }
    const found = await cursorOf(sorted).batchSize(5).toArray()
    const scanned = await cursorOf(sorted).hint({ $natural: 1 }).toArray()
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual(scanned)
    expect(await collection.countDocuments(query.filter)).toBe(
      await collection.countDocuments(query.filter, { hint: { $natural: 1 } }),
    )
  })
})
