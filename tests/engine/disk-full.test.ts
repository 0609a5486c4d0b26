import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { type Engine, startEngine } from './start-engine'
import type { Doc } from './use-engine'

/*
 * A disk that is full, and then is not: a small file system in memory, which only the superuser can mount.
 */
const TEST_MS = 90_000
const FULL = { code: 14_031, codeName: 'OutOfDiskSpace' }

const mountPoint = mkdtempSync(join(tmpdir(), 'engine-disk-'))
const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mountPoint]).status === 0
const canMount = process.platform === 'linux' && mount('size=3m')
if (!canMount) process.stdout.write('disk-full.test.ts: skipped, this user cannot mount a file system\n')

let engine: Engine
let client: MongoClient

async function start(size: string): Promise<void> {
  if (!mount(`size=${size}`)) throw new Error('cannot mount')
  engine = await startEngine({ dbpath: join(mountPoint, 'data') })
  client = await MongoClient.connect(engine.uri)
}

async function stop(): Promise<void> {
  await client.close()
  await engine.stop()
  spawnSync('umount', ['-l', mountPoint])
}

if (canMount) spawnSync('umount', ['-l', mountPoint])
afterEach(() => (canMount ? stop() : undefined), TEST_MS)
afterAll(() => rmSync(mountPoint, { recursive: true, force: true }))

const collectionOf = (name: string) => client.db('d').collection<Doc>(name)
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )

/** Inserts until it fails: how many were acknowledged, and the failure. */
async function fill(name: string, bytes: number): Promise<{ count: number; error: unknown }> {
  for (let count = 0; ; count++) {
    const error = await failure(collectionOf(name).insertOne({ n: count, tag: `t${count}`, text: 'x'.repeat(bytes) }))
    if (error !== 'it succeeded') return { count, error }
  }
}

async function expectSound(name: string, count: number): Promise<void> {
  expect(await collectionOf(name).find().toArray()).toHaveLength(count)
  expect(await collectionOf(name).countDocuments()).toBe(count)
  // What could not even be made is not there to be validated.
  if (count === 0) return
  expect(await client.db('d').command({ validate: name, full: true })).toMatchObject({
    valid: true,
    nrecords: count,
    errors: [],
  })
}

;(canMount ? it : it.skip).each([
  ['with room for the log, and then not for lmdb', '12m'],
  ['with room for neither', '3m'],
])(
  'a full disk, %s: writes fail with 14031, reads go on, and with room writes work again, without a restart',
  async (_what, size) => {
    await start(size)
    const { pid } = engine.child
    await collectionOf('c').createIndexes([{ key: { n: 1 }, unique: true }, { key: { tag: 1 } }])
    // Large ones first, so that a little room is left; then none.
    const large = await fill('c', 200_000)
    expect(large.error).toMatchObject(FULL)
    const small = await fill('small', 3_000)
    expect(small.error).toMatchObject(FULL)
    const smallest = await fill('smallest', 1)
    expect(smallest.error).toMatchObject(FULL)
    expect(large.count).toBeGreaterThan(5)
    const there = Object.entries({ small, smallest }).flatMap(([name, { count }]) => (count > 0 ? [name] : []))

    const cursor = collectionOf('c').find({}, { batchSize: 2 })
    await cursor.next()
    await expectSound('c', large.count)
    await expectSound('small', small.count)
    await expectSound('smallest', smallest.count)
    expect(await collectionOf('c').findOne({ n: 0 })).toMatchObject({ tag: 't0' })

    for (const command of [{ listDatabases: 1 }, { dbStats: 1 }, { collStats: 'c' }, { serverStatus: 1 }]) {
      const database = client.db('listDatabases' in command ? 'admin' : 'd')
      expect(await database.command(command)).toMatchObject({ ok: 1 })
    }

    const many = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        failure(collectionOf('c').insertOne({ n: -n - 1, text: 'y'.repeat(9_000) })),
      ),
    )
    expect(many).toEqual(many.map(() => expect.objectContaining(FULL)))
    const upsert = collectionOf('c').updateOne({ n: -1 }, { $set: { text: 'z'.repeat(90_000) } }, { upsert: true })
    expect(await failure(upsert)).toMatchObject(FULL)
    const batch = Array.from({ length: 300 }, (_, n) => ({ n: 10_000 + n, text: 'b'.repeat(2_000) }))
    expect(await failure(collectionOf('c').insertMany(batch))).toMatchObject(FULL)

    const session = client.startSession()
    const commit = session.withTransaction(async () => {
      await collectionOf('c').insertOne({ n: 5_000, text: 'x'.repeat(300_000) }, { session })
      await collectionOf('small').deleteOne({ n: 0 }, { session })
      await collectionOf('made-by-a-transaction').insertOne({ n: 1 }, { session })
    })
    expect(await failure(commit)).toMatchObject(FULL)
    await session.endSession()
    expect(await failure(collectionOf('c').createIndex({ text: 1 }))).toMatchObject(FULL)
    const validator = { text: { $ne: 'v'.repeat(300_000) }, never: { $exists: true } }
    expect(await failure(client.db('d').command({ collMod: 'c', validator }))).toMatchObject(FULL)
    // A little may still fit into pages that are free: then it is kept.
    const made: string[] = []
    for (let i = 0; i < 40; i++) {
      const outcome = await failure(client.db('d').createCollection(`new${i}`))
      if (outcome === 'it succeeded') made.push(`new${i}`)
      else expect(outcome).toMatchObject(FULL)
    }

    // New collections whose making fails, while others wait to write into them.
    const kept: string[] = []
    for (let round = 0; round < 5; round++) {
      const attempts = Array.from({ length: 24 }, async (_, i) => {
        const name = `race${i % 12}`
        const outcome = await failure(collectionOf(name).insertOne({ _id: `${round}.${i}` }))
        if (outcome === 'it succeeded') kept.push(`${name} ${round}.${i}`)
        else expect(outcome).toMatchObject(FULL)
      })
      await Promise.all(attempts)
    }
    expect(await cursor.toArray()).toHaveLength(large.count - 1)

    expect(engine.child).toMatchObject({ pid, exitCode: null, signalCode: null })

    // What was acknowledged last is in the log alone. A restart reads it there, and waits for room as well.
    const acknowledged = await collectionOf('c').countDocuments()
    await engine.kill()
    engine = await startEngine({ dbpath: join(mountPoint, 'data') })
    await client.close()
    client = await MongoClient.connect(engine.uri)
    await expectSound('c', acknowledged)
    expect(await failure(collectionOf('c').insertOne({ n: 9_000, text: 'x'.repeat(300_000) }))).toMatchObject(FULL)

    const here = await collectionOf('c').countDocuments()
    await expectSound('c', here)
    await expectSound('small', small.count)
    expect(await collectionOf('c').indexes()).toHaveLength(3)
    expect(
      (await client.db('d').listCollections().toArray())
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('race'))
        .sort(),
    ).toEqual(['c', ...there, ...made].sort())

    expect(mount('remount,size=60m')).toBe(true)
    await collectionOf('c').insertOne({ n: 7_000, text: 'x'.repeat(300_000) })
    await collectionOf('c').createIndex({ text: 1 })
    await client.withSession((again) =>
      again.withTransaction(async () => {
        await collectionOf('c').insertOne({ n: 5_000 }, { session: again })
        await collectionOf('made-by-a-transaction').insertOne({ n: 1 }, { session: again })
      }),
    )
    for (let i = 0; i < 40; i++) if (!made.includes(`new${i}`)) await client.db('d').createCollection(`new${i}`)
    await collectionOf('c').insertMany(Array.from({ length: 50 }, (_, n) => ({ n: 20_000 + n })))
    await expectSound('c', here + 52)
    expect(await collectionOf('c').indexes()).toHaveLength(4)
    expect(engine.child).toMatchObject({ exitCode: null, signalCode: null })

    await engine.kill()
    engine = await startEngine({ dbpath: join(mountPoint, 'data') })
    await client.close()
    client = await MongoClient.connect(engine.uri)
    await expectSound('c', here + 52)
    await expectSound('made-by-a-transaction', 1)
    for (const each of kept) {
      const [name, _id] = each.split(' ') as [string, string]
      expect([each, await collectionOf(name).countDocuments({ _id })]).toEqual([each, 1])
    }
  },
  TEST_MS,
)
