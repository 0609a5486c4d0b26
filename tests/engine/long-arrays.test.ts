import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { type Collection, MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import { type Doc, useEngine } from './use-engine'

/*
 * The entries of a long indexed array are written in steps, while readers have turns in between: what they see, and what
 * is there in the end, is as if it had been one.
 */
const engine = useEngine()
const RUNS = Number(process.env['LONG_ARRAY_RUNS'] ?? 40)
const TEST_MS = 60_000 + RUNS * 2_000

const integers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

/** Every entry agrees with the documents, both ways, and indexes find what a scan finds. */
async function expectSound(collection: Collection<Doc>, values: readonly unknown[] = []): Promise<void> {
  const { dbName, collectionName } = collection
  const validated = await engine.client.db(dbName).command({ validate: collectionName, full: true })
  expect(validated).toMatchObject({ valid: true, errors: [] })
  for (const value of values) {
    const byIndex = await collection.find({ a: value }, { hint: 'a_1' }).sort({ _id: 1 }).toArray()
    const byScan = await collection
      .find({ a: value }, { hint: { $natural: 1 } })
      .sort({ _id: 1 })
      .toArray()
    expect([value, byIndex.map(({ _id }) => _id)]).toEqual([value, byScan.map(({ _id }) => _id)])
  }
}

async function entriesOf(collection: Collection<Doc>, index: string): Promise<number> {
  const { dbName, collectionName } = collection
  const { keysPerIndex } = await engine.client.db(dbName).command({ validate: collectionName })
  return (keysPerIndex as Record<string, number>)[index] as number
}

const element = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 500 }).map((i) => `text ${i}`) },
  { weight: 1, arbitrary: fc.constantFrom(null, 1.5, true, { x: 1 }, [1, 2], 'x'.repeat(600), 'x'.repeat(2_500)) },
)
const array = fc.oneof(
  fc.array(element, { minLength: 1_001, maxLength: 1_600, size: 'max' }),
  fc.integer({ min: 1_001, max: 4_000 }).map((count) => integers(count)),
  fc.array(element, { maxLength: 5 }),
)
const id = fc.integer({ min: 0, max: 3 })
const step = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), id, array }),
  fc.record({ kind: fc.constant('push' as const), id, array, position: fc.integer({ min: 0, max: 1_200 }) }),
  fc.record({ kind: fc.constant('inc' as const), id }),
  fc.record({ kind: fc.constant('pull' as const), id, element }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.record({ kind: fc.constant('insertMany' as const), arrays: fc.array(array, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('updateMany' as const), element }),
)

it(
  `any ${RUNS} courses of changes leave documents and indexes in agreement`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const collection = await engine.collection()
        await collection.createIndexes([
          { key: { a: 1 } },
          { key: { b: 1, a: -1 } },
          { key: { a: 1, _id: 1 }, sparse: true, name: 'sparse' },
          { key: { a: -1 }, partialFilterExpression: { b: { $gt: 0 } }, name: 'partial' },
        ])
        for (const each of steps) {
          if (each.kind === 'replace') {
            await collection.replaceOne({ _id: each.id }, { a: each.array, b: each.id - 1 }, { upsert: true })
          } else if (each.kind === 'push') {
            const $push = { a: { $each: each.array, $position: each.position } }
            await collection.updateOne({ _id: each.id, a: { $type: 'array' } }, { $push: $push as never })
          } else if (each.kind === 'inc') {
            const arrayFilters = [{ e: { $type: 'number' } }]
            await collection
              .updateOne({ _id: each.id }, { $inc: { 'a.$[e]': 1 } }, { arrayFilters })
              .catch(() => undefined)
          } else if (each.kind === 'pull') {
            await collection.updateOne({ _id: each.id }, { $pull: { a: each.element as never }, $inc: { b: 1 } })
          } else if (each.kind === 'delete') await collection.deleteOne({ _id: each.id })
          else if (each.kind === 'insertMany') await collection.insertMany(each.arrays.map((a) => ({ a, b: 1 })))
          else await collection.updateMany({}, { $push: { a: each.element as never } })
        }
        await expectSound(collection, [5, 700, 'text 7', null, 'x'.repeat(2_500)])
        await collection.deleteMany({})
        await expectSound(collection)
        expect([await entriesOf(collection, 'a_1'), await entriesOf(collection, 'b_1_a_-1')]).toEqual([0, 0])
        await collection.drop()
      }),
      { numRuns: RUNS },
    )
  },
  TEST_MS,
)

it('readers see the whole change or nothing of it', async () => {
  const collection = await engine.collection()
  await collection.createIndex({ a: 1 })
  const SIZE = 30_000
  await collection.insertOne({ _id: 1, a: integers(SIZE) })
  const seen = new Set<string>()
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const hint = { hint: 'a_1' }
      const [before, after] = await Promise.all([
        collection.find({ a: { $in: [0, SIZE - 1] } }, hint).toArray(),
        collection.find({ a: { $in: [SIZE, 2 * SIZE - 1] } }, hint).toArray(),
      ])
      for (const { a } of [...before, ...after]) seen.add(`${(a as number[]).length} from ${(a as number[])[0]}`)
      for (const { a } of before) expect((a as number[])[0]).toBe(0)
      for (const { a } of after) expect((a as number[])[0]).toBe(SIZE)
    }
  })()
  for (let round = 0; round < 3; round++) {
    await collection.replaceOne({ _id: 1 }, { a: integers(SIZE, SIZE) })
    await collection.replaceOne({ _id: 1 }, { a: integers(SIZE) })
  }
  isOver = true
  await reading
  expect([...seen].sort()).toEqual([`${SIZE} from 0`, `${SIZE} from ${SIZE}`])
  await expectSound(collection)
})

it('writes that come meanwhile are done behind it, and see all of it', async () => {
  const collection = await engine.collection()
  await collection.createIndex({ a: 1 })
  const long = collection.insertOne({ _id: 'long', a: integers(40_000) })
  const others = integers(20).map((i) => collection.insertOne({ _id: i, a: [i, -1] }))
  const deleted = collection.deleteMany({ a: 39_999 })
  const long2 = collection.insertMany(integers(5).map((i) => ({ _id: `more ${i}`, a: integers(3_000, i) })))
  await Promise.all([long, ...others, long2])
  expect(await deleted).toMatchObject({ deletedCount: 1 })
  expect(await collection.countDocuments()).toBe(25)
  expect(await collection.countDocuments({ a: 2_999 })).toBe(5)
  await expectSound(collection, [0, 5, 39_999])
})

it('arrays that cannot be indexed together change nothing, however long they are', async () => {
  const collection = await engine.collection()
  await collection.createIndexes([{ key: { a: 1 } }, { key: { 'c.x': 1, 'c.y': 1 } }])
  const c = [...integers(2_000).map((x) => ({ x, y: 1 })), { x: [1], y: [2] }]
  const refused = collection.insertOne({ _id: 1, a: integers(2_000), c })
  await expect(refused).rejects.toMatchObject({ code: 171, message: expect.stringContaining('parallel arrays') })
  expect([await collection.countDocuments(), await entriesOf(collection, 'a_1')]).toEqual([0, 0])
  await collection.insertOne({ _id: 1, a: integers(2_000), c: c.slice(0, -1) })
  expect(await entriesOf(collection, 'c.x_1_c.y_1')).toBe(2_000)
  await expect(collection.updateOne({ _id: 1 }, { $push: { c: c.at(-1) as never } })).rejects.toMatchObject({
    code: 171,
  })
  await expectSound(collection, [1_999])
})

it('a unique index refuses a long array before anything is written', async () => {
  const collection = await engine.collection()
  await collection.createIndexes([{ key: { a: 1 } }, { key: { u: 1 }, unique: true }])
  await collection.insertOne({ _id: 1, a: [1], u: [4_999] })
  const refused = collection.insertOne({ _id: 2, a: integers(5_000), u: integers(5_000) })
  await expect(refused).rejects.toMatchObject({ code: 11_000 })
  expect([await collection.countDocuments(), await entriesOf(collection, 'a_1')]).toEqual([1, 1])
  await expectSound(collection, [1, 2])
})

it('within a transaction as well, and by findAndModify', async () => {
  const collection = await engine.collection()
  await collection.createIndex({ a: 1 })
  await engine.client.withSession((session) =>
    session.withTransaction(async () => {
      await collection.insertOne({ _id: 1, a: integers(5_000) }, { session })
      await collection.updateOne({ _id: 1 }, { $push: { a: -1 as never } }, { session })
      expect(await collection.countDocuments({ a: -1 }, { session })).toBe(1)
    }),
  )
  await collection.findOneAndUpdate({ _id: 1 }, { $push: { a: -2 as never } })
  await collection.findOneAndReplace({ _id: 1 }, { a: integers(3_000, -2) })
  expect(await entriesOf(collection, 'a_1')).toBe(3_000)
  await expectSound(collection, [-2, 4_999])
})

describe('on disk', () => {
  const dbpath = mkdtempSync(join(tmpdir(), 'engine-arrays-'))
  const OPTIONS = { directConnection: true, serverSelectionTimeoutMS: 2_000 }
  let stored: Engine
  afterAll(async () => {
    await stored.stop()
    rmSync(dbpath, { recursive: true })
  })

  it(
    'what a killed engine was writing is there with all its entries, or not at all',
    async () => {
      stored = await startEngine({ dbpath })
      for (let round = 0; round < 6; round++) {
        const client = await MongoClient.connect(stored.uri, OPTIONS)
        const collection = client.db('d').collection<Doc>(`c${round}`)
        await collection.createIndex({ a: 1 })
        let acknowledged = 0
        const writing = (async () => {
          for (let i = 0; ; i++) {
            await collection.insertOne({ a: integers(20_000, i) })
            acknowledged++
          }
        })().catch(() => undefined)
        await sleep(150 + 100 * round)
        await stored.kill()
        await writing
        await client.close()
        stored = await startEngine({ dbpath })
        const again = await MongoClient.connect(stored.uri, OPTIONS)
        const validated = await again.db('d').command({ validate: `c${round}`, full: true })
        expect(validated).toMatchObject({ valid: true, errors: [] })
        expect(validated['nrecords']).toBeGreaterThanOrEqual(acknowledged)
        expect(validated['nrecords']).toBeLessThanOrEqual(acknowledged + 1)
        await again.close()
      }
    },
    TEST_MS,
  )
})
