import { type Collection, type Document, type Filter, type Sort } from 'mongodb'
import { type Doc, codeOf, serverError, useEngine } from './use-engine'

const DOCUMENTS = 10_000
const GROUPS = 100
const PAGE = 20

const engine = useEngine()
let collection: Collection<Doc>

beforeAll(async () => {
  // Every value of `n` once, of `group` 100 times; in an order that is that of no index.
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => {
    const n = (i * 7_919) % DOCUMENTS
    return {
      _id: i,
      n,
      group: n % GROUPS,
      at: new Date(n),
      tags: [`t${n % 50}`, `u${n % 30}`],
      plain: n,
      email: `e${n}`,
    }
  })
  collection = await engine.collection(documents)
  await collection.createIndexes([
    { key: { n: 1 }, name: 'by_n' },
    { key: { group: 1, at: -1 }, name: 'by_group' },
    { key: { tags: 1 }, name: 'by_tag' },
    { key: { email: 1 }, name: 'by_email', unique: true },
    { key: { sparse: 1 }, name: 'by_sparse', sparse: true },
    { key: { partial: 1 }, name: 'by_partial', partialFilterExpression: { partial: { $gt: 5 } } },
  ])
})

interface Query {
  readonly filter?: Document
  readonly sort?: Sort
  readonly limit?: number
  readonly skip?: number
  readonly projection?: Document
}

function cursorOf({ filter = {}, sort, limit, skip, projection }: Query) {
  let cursor = collection.find(filter, projection ? { projection } : {})
  if (sort) cursor = cursor.sort(sort)
  if (limit) cursor = cursor.limit(limit)
  if (skip) cursor = cursor.skip(skip)
  return cursor
}

/** The stages of the winning plan from the outermost in, the index that it scans, and what that cost. */
async function explained(query: Query) {
  const { queryPlanner, executionStats } = await cursorOf(query).explain('executionStats')
  const stages: string[] = []
  let index: unknown
  for (let stage = queryPlanner.winningPlan as Document | undefined; stage; stage = stage['inputStage'] as Document) {
    stages.push(stage['stage'] as string)
    index ??= stage['indexName']
  }
  return {
    stages,
    index,
    keys: executionStats.totalKeysExamined as number,
    docs: executionStats.totalDocsExamined as number,
    returned: executionStats.nReturned as number,
  }
}

describe('what scans, and what it costs', () => {
  it.each<[string, Query, Awaited<ReturnType<typeof explained>>]>([
    ['no filter', {}, { stages: ['COLLSCAN'], index: undefined, keys: 0, docs: DOCUMENTS, returned: DOCUMENTS }],
    [
      'a field without index',
      { filter: { plain: 5 } },
      { stages: ['COLLSCAN'], index: undefined, keys: 0, docs: DOCUMENTS, returned: 1 },
    ],
    ['equality', { filter: { n: 5 } }, { stages: ['FETCH', 'IXSCAN'], index: 'by_n', keys: 1, docs: 1, returned: 1 }],
    [
      'equality on a unique field',
      { filter: { email: 'e77' } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_email', keys: 1, docs: 1, returned: 1 },
    ],
    [
      'equality that finds nothing',
      { filter: { n: -5 } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_n', keys: 0, docs: 0, returned: 0 },
    ],
    [
      'a range',
      { filter: { n: { $gte: 100, $lt: 150 } } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_n', keys: 50, docs: 50, returned: 50 },
    ],
    [
      'a prefix of a compound index',
      { filter: { group: 7 } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_group', keys: 100, docs: 100, returned: 100 },
    ],
    [
      'an equality and a range on a compound index',
      { filter: { group: 7, at: { $gte: new Date(9_000) } } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_group', keys: 10, docs: 10, returned: 10 },
    ],
    [
      'an index and a field that it does not hold',
      { filter: { n: { $gte: 100, $lt: 150 }, plain: 120 } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_n', keys: 50, docs: 50, returned: 1 },
    ],
    [
      'an element of an array',
      { filter: { tags: 't7' } },
      { stages: ['FETCH', 'IXSCAN'], index: 'by_tag', keys: 200, docs: 200, returned: 200 },
    ],
    [
      'the first page in the order of an index',
      { sort: { n: 1 }, limit: PAGE },
      { stages: ['LIMIT', 'FETCH', 'IXSCAN'], index: 'by_n', keys: PAGE, docs: PAGE, returned: PAGE },
    ],
    [
      'the first page against the order of an index',
      { sort: { n: -1 }, limit: PAGE },
      { stages: ['LIMIT', 'FETCH', 'IXSCAN'], index: 'by_n', keys: PAGE, docs: PAGE, returned: PAGE },
    ],
    [
      'a page of a group in the order of the second field',
      { filter: { group: 7 }, sort: { at: -1 }, limit: PAGE },
      { stages: ['LIMIT', 'FETCH', 'IXSCAN'], index: 'by_group', keys: PAGE, docs: PAGE, returned: PAGE },
    ],
    [
      'the same backwards',
      { filter: { group: 7 }, sort: { at: 1 }, limit: PAGE },
      { stages: ['LIMIT', 'FETCH', 'IXSCAN'], index: 'by_group', keys: PAGE, docs: PAGE, returned: PAGE },
    ],
    [
      'a page after a key',
      { filter: { n: { $gt: 5_000 } }, sort: { n: 1 }, limit: PAGE },
      { stages: ['LIMIT', 'FETCH', 'IXSCAN'], index: 'by_n', keys: PAGE, docs: PAGE, returned: PAGE },
    ],
    [
      'a sort without index',
      { sort: { plain: 1 }, limit: PAGE },
      { stages: ['SORT', 'COLLSCAN'], index: undefined, keys: 0, docs: DOCUMENTS, returned: PAGE },
    ],
  ])('%s', async (_, query, expected) => {
    expect(await explained(query)).toEqual(expected)
  })

  it('by _id', async () => {
    const { stages, keys, docs, returned } = await explained({ filter: { _id: 5 } })
    expect(['IDHACK', 'EXPRESS_IXSCAN', 'FETCH']).toContain(stages[0])
    expect([keys, docs, returned]).toEqual([1, 1, 1])
  })

  it('a page in the order of _id reads that page', async () => {
    expect(await explained({ sort: { _id: -1 }, limit: PAGE })).toMatchObject({
      keys: PAGE,
      docs: PAGE,
      returned: PAGE,
    })
  })

  it('$in seeks every value: a key more for each at most', async () => {
    const plan = await explained({ filter: { n: { $in: [1, 500, 9_000, -1] } } })
    expect(plan).toMatchObject({ stages: ['FETCH', 'IXSCAN'], index: 'by_n', docs: 3, returned: 3 })
    expect(plan.keys).toBeGreaterThanOrEqual(3)
    expect(plan.keys).toBeLessThanOrEqual(7)
  })

  it('a sort that the index does not give is a SORT over what the index finds', async () => {
    const plan = await explained({ filter: { group: 7 }, sort: { plain: 1 }, limit: PAGE })
    expect(plan).toEqual({
      stages: ['SORT', 'FETCH', 'IXSCAN'],
      index: 'by_group',
      keys: 100,
      docs: 100,
      returned: PAGE,
    })
  })

  it('a skip counts what it passes over', async () => {
    const { index, keys, returned } = await explained({ sort: { n: 1 }, skip: 40, limit: PAGE })
    expect([index, keys, returned]).toEqual(['by_n', 60, PAGE])
  })

  it('a collection that is not there: EOF', async () => {
    const { queryPlanner } = await engine.db.collection('never_was').find({ a: 1 }).explain('queryPlanner')
    expect(queryPlanner.winningPlan.stage).toBe('EOF')
  })
})

describe('an index is not used where it would lose documents', () => {
  it.each<[string, Filter<Doc>]>([
    ['sparse, for null', { sparse: null }],
    ['sparse, for $exists: false', { sparse: { $exists: false } }],
    ['partial, for a filter beyond its own', { partial: { $gt: 1 } }],
    ['partial, for null', { partial: null }],
  ])('%s', async (_, filter) => {
    expect((await explained({ filter })).stages).toEqual(['COLLSCAN'])
  })

  it.each<[string, Filter<Doc>, string]>([
    ['sparse, for a value', { sparse: 5 }, 'by_sparse'],
    ['partial, for a filter within its own', { partial: { $gt: 10 } }, 'by_partial'],
    ['partial, for a value that its filter takes', { partial: 7 }, 'by_partial'],
  ])('and is used where not: %s', async (_, filter, index) => {
    expect(await explained({ filter })).toMatchObject({ stages: ['FETCH', 'IXSCAN'], index })
  })

  it('sparse, for a sort alone', async () => {
    expect((await explained({ sort: { sparse: 1 }, limit: PAGE })).stages).toEqual(['SORT', 'COLLSCAN'])
  })
})

describe('hint', () => {
  it('by name, by key, and $natural', async () => {
    const stageOf = async (hint: string | Document) => {
      const { queryPlanner } = await collection.find({ n: 5 }).hint(hint).explain('queryPlanner')
      const { winningPlan } = queryPlanner as { winningPlan: Document }
      return [winningPlan['stage'], winningPlan['inputStage']?.['indexName']] as unknown[]
    }
    expect(await stageOf('by_group')).toEqual(['FETCH', 'by_group'])
    expect(await stageOf({ n: 1 })).toEqual(['FETCH', 'by_n'])
    expect(await stageOf({ $natural: 1 })).toEqual(['COLLSCAN', undefined])
    expect(await collection.find({ n: 5 }).hint('by_group').toArray()).toHaveLength(1)
  })

  it('one that is not there: 2', async () => {
    const error = await serverError(collection.find().hint('nope').toArray())
    expect([error.code, error.codeName]).toEqual([2, 'BadValue'])
  })
})

describe('explain', () => {
  it('says queryPlanner alone when nothing is to be run', async () => {
    const explanation = await collection.find({ n: 5 }).explain('queryPlanner')
    expect(explanation).toMatchObject({
      queryPlanner: {
        namespace: collection.namespace,
        winningPlan: {
          stage: 'FETCH',
          inputStage: { stage: 'IXSCAN', keyPattern: { n: 1 }, indexName: 'by_n', direction: 'forward' },
        },
        rejectedPlans: expect.any(Array),
      },
      ok: 1,
    })
    expect(explanation).not.toHaveProperty('executionStats')
  })

  it('tells bounds, multikey and direction', async () => {
    const range = { n: { $gte: 5, $lt: 7 } }
    const forward = await collection.find(range).explain('queryPlanner')
    expect(forward.queryPlanner.winningPlan.inputStage).toMatchObject({
      isMultiKey: false,
      direction: 'forward',
      indexBounds: { n: ['[5, 7)'] },
    })
    const backward = await collection.find(range).sort({ n: -1 }).explain('queryPlanner')
    expect(backward.queryPlanner.winningPlan.inputStage).toMatchObject({ indexName: 'by_n', direction: 'backward' })
    const multikey = await collection.find({ tags: 't1' }).explain('queryPlanner')
    expect(multikey.queryPlanner.winningPlan.inputStage).toMatchObject({
      isMultiKey: true,
      direction: 'forward',
      indexBounds: { tags: ['["t1", "t1"]'] },
    })
  })

  it('of an update, a delete, a count and a distinct writes nothing', async () => {
    const name = collection.collectionName
    for (const explain of [
      { update: name, updates: [{ q: { n: 5 }, u: { $set: { explained: true } } }] },
      { delete: name, deletes: [{ q: { n: 5 }, limit: 1 }] },
      { count: name, query: { n: 5 } },
      { distinct: name, key: 'group', query: { n: 5 } },
      { aggregate: name, pipeline: [{ $match: { n: 5 } }], cursor: {} },
      { findAndModify: name, query: { n: 5 }, remove: true },
    ]) {
      const explanation = await engine.db.command({ explain, verbosity: 'executionStats' })
      expect([Object.keys(explain)[0], JSON.stringify(explanation)]).toEqual([
        Object.keys(explain)[0],
        expect.stringContaining('by_n'),
      ])
    }
    expect(await collection.find({ n: 5 }).toArray()).toHaveLength(1)
    expect(await collection.countDocuments({ explained: true })).toBe(0)
  })

  describe('of a bulkWrite', () => {
    const explain = (ops: Document[], verbosity = 'executionStats', on = 'admin') => {
      const nsInfo = [{ ns: 'no.where' }, { ns: collection.namespace }]
      return engine.client.db(on).command({ explain: { bulkWrite: 1, ops, nsInfo }, verbosity })
    }

    it('that updates or deletes: as of an update or a delete, and nothing is written', async () => {
      const few = { n: { $lt: 5 } }
      const one = await explain([{ update: 1, filter: few, updateMods: { $set: { explained: true } } }])
      expect(one.queryPlanner).toMatchObject({
        namespace: collection.namespace,
        winningPlan: { stage: 'UPDATE', inputStage: { stage: 'LIMIT' } },
      })
      expect(one.executionStats).toMatchObject({ executionStages: { stage: 'UPDATE', nWouldModify: 1 } })
      const all = await explain([{ delete: 1, filter: few, multi: true, hint: 'by_n' }])
      expect(all.executionStats).toMatchObject({
        executionStages: { stage: 'DELETE', nWouldDelete: 5, inputStage: { inputStage: { indexName: 'by_n' } } },
      })
      expect(await explain([{ delete: 1, filter: few }], 'queryPlanner')).not.toHaveProperty('executionStats')
      expect(await explain([{ delete: 0, filter: few }])).toMatchObject({
        queryPlanner: { namespace: 'no.where', winningPlan: { stage: 'EOF' } },
      })
      expect(await collection.countDocuments(few)).toBe(5)
      expect(await collection.countDocuments({ explained: true })).toBe(0)
    })

    it('of more than one operation, of an insert, on another database: 16, 20, 13', async () => {
      const drop = { delete: 1, filter: {} }
      expect(await codeOf(explain([drop, drop]))).toEqual([16, 'InvalidLength'])
      expect(await codeOf(explain([{ insert: 1, document: {} }]))).toEqual([20, 'IllegalOperation'])
      expect(await codeOf(explain([drop], 'queryPlanner', engine.database))).toEqual([13, 'Unauthorized'])
    })
  })

  it('of several updates, or deletes: 16', async () => {
    const name = collection.collectionName
    const [updates, deletes] = [
      { q: {}, u: { $set: { a: 1 } } },
      { q: {}, limit: 0 },
    ].map((one) => [one, one])
    expect(await codeOf(engine.db.command({ explain: { update: name, updates } }))).toEqual([16, 'InvalidLength'])
    expect(await codeOf(engine.db.command({ explain: { delete: name, deletes } }))).toEqual([16, 'InvalidLength'])
  })

  it('in an aggregation, $match and $sort at the front use an index', async () => {
    const explanation = await collection
      .aggregate([{ $match: { group: 7 } }, { $sort: { at: -1 } }, { $limit: 5 }])
      .explain('executionStats')
    const text = JSON.stringify(explanation)
    expect(text).toContain('"by_group"')
    expect(text).not.toContain('COLLSCAN')
  })
})

describe('with an index or without, a query finds the same', () => {
  it.each<[Query]>([
    [{ filter: { n: { $gt: 9_990 } } }],
    [{ filter: { n: { $in: [5, 6, 7, 'x', null] } } }],
    [{ filter: { n: { $not: { $lt: 9_995 } } } }],
    [{ filter: { n: { $ne: 5 }, group: 5 } }],
    [{ filter: { $or: [{ n: 5 }, { email: 'e9' }, { tags: 't3', group: 3 }] } }],
    [
      {
        filter: { n: { $gte: 50 }, $or: [{ n: { $gt: 50 } }, { _id: { $gt: 50 } }] },
        sort: { n: 1, _id: 1 },
        limit: 50,
      },
    ],
    [{ filter: { tags: { $all: ['t1', 'u1'] } } }],
    [{ filter: { tags: { $gt: 't48', $lt: 't5' } } }],
    [{ filter: { tags: { $regex: '^t4' } } }],
    [{ filter: { email: { $regex: '^e999' } } }],
    [{ filter: { group: { $in: [3, 5] } }, sort: { at: -1 }, limit: 30 }],
    [{ filter: { group: { $gte: 98 } }, sort: { group: 1, at: -1 }, limit: 150 }],
    [{ filter: { group: { $gte: 98 } }, sort: { group: -1, at: 1 }, skip: 10, limit: 150 }],
  ])('%j', async (query) => {
    const sorted = { ...query, sort: query.sort ?? { _id: 1 } } satisfies Query
    const found = await cursorOf(sorted).toArray()
    const scanned = await cursorOf(sorted).hint({ $natural: 1 }).toArray()
    expect(found.length).toBeGreaterThan(0)
    expect(found.map(({ _id }) => _id)).toEqual(scanned.map(({ _id }) => _id))
  })
})
