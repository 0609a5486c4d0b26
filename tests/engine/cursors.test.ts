import { type Document, Long } from 'mongodb'
import { TIMES, codeOf, idsOf, useEngine } from './use-engine'

const engine = useEngine()
const numbered = (count: number) => Array.from({ length: count }, (_, _id) => ({ _id, n: _id }))
const sorted = (ids: readonly unknown[]) => (ids as number[]).toSorted((a, b) => a - b)
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

interface Batch {
  readonly id: Long
  readonly ns: string
  readonly ids: unknown[]
}

/** Commands by hand, and the cursor's id as the server sends it. */
async function batch(command: Document): Promise<Batch> {
  const { cursor } = (await engine.db.command(command, { promoteLongs: false })) as { cursor: Document }
  const documents = (cursor['firstBatch'] ?? cursor['nextBatch']) as { _id: { valueOf(): unknown } }[]
  return { id: cursor['id'] as Long, ns: cursor['ns'] as string, ids: documents.map(({ _id }) => _id.valueOf()) }
}

const more = (collection: string, id: Long, options: Document = {}) => batch({ getMore: id, collection, ...options })

it('a first batch holds 101 documents, and an id to go on with', async () => {
  const { collectionName, namespace } = await engine.collection(numbered(250))
  const first = await batch({ find: collectionName })
  expect([first.ns, first.ids]).toEqual([namespace, upTo(101)])
  expect(first.id.isZero()).toBe(false)
  const rest = await more(collectionName, first.id)
  expect([rest.ns, rest.ids]).toEqual([namespace, upTo(250).slice(101)])
  expect(rest.id).toEqual(Long.ZERO)
})

it('a result that fits the first batch leaves no cursor', async () => {
  const { collectionName } = await engine.collection(numbered(50))
  expect(await batch({ find: collectionName })).toMatchObject({ id: Long.ZERO, ids: upTo(50) })
  expect(await batch({ find: 'never_was' })).toMatchObject({ id: Long.ZERO, ids: [] })
})

it('batchSize holds for the first batch and for those after it', async () => {
  const { collectionName } = await engine.collection(numbered(10))
  const first = await batch({ find: collectionName, batchSize: 3 })
  const second = await more(collectionName, first.id, { batchSize: 4 })
  const third = await more(collectionName, first.id, { batchSize: 4 })
  expect([first.ids, second.ids, third.ids]).toEqual([
    [0, 1, 2],
    [3, 4, 5, 6],
    [7, 8, 9],
  ])
  expect([second.id, third.id]).toEqual([first.id, Long.ZERO])
})

it('a batchSize of 0 opens the cursor and sends nothing yet', async () => {
  const { collectionName } = await engine.collection(numbered(3))
  const first = await batch({ find: collectionName, batchSize: 0 })
  expect(first.ids).toEqual([])
  expect(first.id.isZero()).toBe(false)
  expect((await more(collectionName, first.id)).ids).toEqual([0, 1, 2])
})

it('a limit holds over all batches', async () => {
  const { collectionName } = await engine.collection(numbered(20))
  const first = await batch({ find: collectionName, limit: 5, batchSize: 3 })
  const second = await more(collectionName, first.id, { batchSize: 3 })
  expect([first.ids, second.ids, second.id]).toEqual([[0, 1, 2], [3, 4], Long.ZERO])
})

it('singleBatch ends after the first', async () => {
  const { collectionName } = await engine.collection(numbered(20))
  const only = await batch({ find: collectionName, batchSize: 3, singleBatch: true })
  expect(only).toMatchObject({ id: Long.ZERO, ids: [0, 1, 2] })
})

it('a batch ends below the size of a message, however many documents were asked for', async () => {
  const text = 'x'.repeat(1024 * 1024)
  const collection = await engine.collection()
  for (let start = 0; start < 40; start += 10)
    await collection.insertMany(upTo(10).map((n) => ({ _id: start + n, text })))
  const first = await batch({ find: collection.collectionName, batchSize: 1_000 })
  expect(first.ids.length).toBeGreaterThan(10)
  expect(first.ids.length).toBeLessThan(17)
  expect(await idsOf(collection.find({}, { batchSize: 1_000 }).toArray())).toEqual(upTo(40))
})

describe.each([
  ['a scan', {}, undefined],
  ['an index', { n: { $gte: 0 } }, undefined],
  ['an index, backwards', { n: { $gte: 0 } }, { n: -1 }],
  ['a sort in memory', {}, { x: 1, n: 1 }],
] as const)('over %s', (_, filter, sort) => {
  it.each([1, 2, 7, 100])('every document comes once, in batches of %s', async (batchSize) => {
    const collection = await engine.collection(numbered(120))
    await collection.createIndexes([{ key: { n: 1 } }])
    const cursor = collection.find(filter, { batchSize })
    const ids = await idsOf((sort ? cursor.sort(sort) : cursor).toArray())
    expect(ids).toEqual(sort && 'n' in sort && sort.n === -1 ? upTo(120).toReversed() : upTo(120))
  })
})

it('what stays the same is found exactly once, while others insert, change and delete', async () => {
  const collection = await engine.collection(numbered(2_000))
  await collection.createIndexes([{ key: { n: 1 } }])
  let reading = true
  const write = async () => {
    for (let i = 0; reading; i++) {
      await collection.insertOne({ _id: 10_000 + i, n: (i * 37) % 2_000, guest: true })
      await collection.updateOne({ _id: (i * 13) % 2_000 }, { $set: { touched: i } })
      await collection.deleteOne({ guest: true, _id: 10_000 + i - 5 })
    }
  }
  const writers = Promise.all([write()])
  try {
    for (const filter of [{}, { n: { $gte: 0 } }]) {
      const ids = await idsOf(collection.find(filter, { batchSize: 50 }).toArray())
      expect(sorted(ids.filter((id) => (id as number) < 2_000))).toEqual(upTo(2_000))
      expect(new Set(ids).size).toBe(ids.length)
    }
  } finally {
    reading = false
    await writers
  }
})

describe('the end of a cursor', () => {
  it('killCursors tells which it ended and which it does not know', async () => {
    const { collectionName } = await engine.collection(numbered(10))
    const { id } = await batch({ find: collectionName, batchSize: 1 })
    const unknown = Long.fromNumber(4_711)
    const reply = await engine.db.command(
      { killCursors: collectionName, cursors: [id, unknown] },
      { promoteLongs: false },
    )
    expect(reply).toEqual({
      cursorsKilled: [id],
      cursorsNotFound: [unknown],
      cursorsAlive: [],
      cursorsUnknown: [],
      ok: expect.anything(),
      ...TIMES,
    })
    expect(await codeOf(more(collectionName, id))).toEqual([43, 'CursorNotFound'])
  })

  it('an id that nobody has: 43', async () => {
    expect(await codeOf(more('any', Long.fromNumber(4_711)))).toEqual([43, 'CursorNotFound'])
  })

  it('one that was read to its end: 43', async () => {
    const { collectionName } = await engine.collection(numbered(4))
    const { id } = await batch({ find: collectionName, batchSize: 3 })
    await more(collectionName, id)
    expect(await codeOf(more(collectionName, id))).toEqual([43, 'CursorNotFound'])
  })

  it('a cursor belongs to its collection: 13', async () => {
    const { collectionName } = await engine.collection(numbered(4))
    const { id } = await batch({ find: collectionName, batchSize: 1 })
    expect(await codeOf(more('another', id))).toEqual([13, 'Unauthorized'])
    expect((await more(collectionName, id)).ids).toEqual([1, 2, 3])
  })

  it('the collection is dropped meanwhile: an error, not the documents of the next one', async () => {
    const collection = await engine.collection(numbered(10))
    const { id } = await batch({ find: collection.collectionName, batchSize: 1 })
    await collection.drop()
    await collection.insertMany(numbered(10))
    expect(await codeOf(more(collection.collectionName, id))).toEqual([175, 'QueryPlanKilled'])
  })

  it.each([
    ['dropped', (name: string) => engine.db.dropCollection(name)],
    ['dropped with its database', () => engine.db.dropDatabase()],
    [
      'replaced by another',
      async (name: string) => (await engine.collection(numbered(3))).rename(name, { dropTarget: true }),
    ],
  ])('what has been read already is gone too when the collection is %s', async (_, drop) => {
    const { collectionName } = await engine.collection(numbered(10))
    const sorted = await batch({ find: collectionName, sort: { n: -1 }, batchSize: 1 })
    const grouped = await batch({
      aggregate: collectionName,
      pipeline: [{ $group: { _id: '$n' } }],
      cursor: { batchSize: 1 },
    })
    await drop(collectionName)
    for (const { id } of [sorted, grouped]) {
      expect(await codeOf(more(collectionName, id))).toEqual([175, 'QueryPlanKilled'])
      expect(await codeOf(more(collectionName, id))).toEqual([43, 'CursorNotFound'])
    }
  })
})

it('an aggregation has cursors too', async () => {
  const collection = await engine.collection(numbered(300))
  const first = await batch({
    aggregate: collection.collectionName,
    pipeline: [{ $sort: { n: -1 } }],
    cursor: { batchSize: 2 },
  })
  expect(first.ids).toEqual([299, 298])
  expect((await more(collection.collectionName, first.id, { batchSize: 2 })).ids).toEqual([297, 296])
  expect(await idsOf(collection.aggregate([{ $match: {} }], { batchSize: 7 }).toArray())).toEqual(upTo(300))
})
