import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { type Engine, endingOf, spawnEngine, startEngine } from './start-engine'
import type { Doc } from './use-engine'

const WRITERS = 8
const WRITES_BEFORE_THE_KILL = 400
const TEST_MS = 60_000

let dbpath: string
let running: Engine[] = []
const start = async (...args: string[]) => {
  const engine = await startEngine({ dbpath, args })
  running.push(engine)
  return engine
}

beforeEach(async () => {
  dbpath = await mkdtemp(join(tmpdir(), 'engine-durability-'))
})
afterEach(async () => {
  await Promise.all(running.map((engine) => engine.kill()))
  running = []
  await rm(dbpath, { recursive: true, force: true })
})

/** Work with a client that is closed afterwards. Reads and writes are not retried: what fails has failed. */
async function withClient<T>({ uri }: Engine, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(uri, { directConnection: true, retryReads: false, retryWrites: false })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** What a client knows of one document: how often its change was acknowledged, and how often it was sent. */
interface Expected {
  acknowledged: number
  sent: number
  deleted: 'no' | 'sent' | 'acknowledged'
}

/** Inserts, changes and now and then deletes, until the engine is gone. */
async function writeUntilItDies(client: MongoClient, writer: number, known: Map<string, Expected>) {
  const collection = client.db('d').collection<Doc>('c')
  for (let i = 0; ; i++) {
    const _id = `${writer}:${i}`
    const expected: Expected = { acknowledged: 0, sent: 1, deleted: 'no' }
    known.set(_id, expected)
    try {
      await collection.insertOne({ _id, n: 1, unique: `u${_id}`, tags: [writer, i % 10], text: 'x'.repeat(i % 700) })
      expected.acknowledged = 1
      expected.sent = 2
      await collection.updateOne({ _id }, { $inc: { n: 1 }, $push: { tags: 77 as never } })
      expected.acknowledged = 2
      if (i % 5 !== 0) continue
      expected.deleted = 'sent'
      await collection.deleteOne({ _id })
      expected.deleted = 'acknowledged'
    } catch {
      return
    }
  }
}

it(
  'SIGKILL under eight writers: every acknowledged write is there, no half one, and the indexes agree',
  async () => {
    const first = await start()
    const known = new Map<string, Expected>()
    await withClient(first, async (client) => {
      await client
        .db('d')
        .collection('c')
        .createIndexes([{ key: { unique: 1 }, unique: true }, { key: { tags: 1, n: 1 } }])
      const writers = Array.from({ length: WRITERS }, (_, writer) => writeUntilItDies(client, writer, known))
      while (known.size < WRITES_BEFORE_THE_KILL) await new Promise((resolve) => setTimeout(resolve, 5))
      await first.kill()
      await Promise.all(writers)
    })

    await withClient(await start(), async (client) => {
      const collection = client.db('d').collection<Doc>('c')
      const found = new Map((await collection.find().toArray()).map((document) => [document._id as string, document]))
      for (const [_id, { acknowledged, sent, deleted }] of known) {
        const document = found.get(_id)
        if (deleted === 'acknowledged') expect([_id, document]).toEqual([_id, undefined])
        if (deleted !== 'no' || (acknowledged === 0 && !document)) continue
        const n = document?.['n'] as number
        expect([_id, n >= Math.max(acknowledged, 1) && n <= sent]).toEqual([_id, true])
        expect(document?.['tags']).toHaveLength(n + 1)
      }
      for (const _id of found.keys()) expect(known.has(_id)).toBe(true)
      expect(await collection.find().hint({ unique: 1 }).toArray()).toHaveLength(found.size)
      expect(await client.db('d').command({ validate: 'c', full: true })).toMatchObject({
        ns: 'd.c',
        valid: true,
        nrecords: found.size,
        nIndexes: 3,
        keysPerIndex: { _id_: found.size, unique_1: found.size },
        errors: [],
        ok: 1,
      })
    })
  },
  TEST_MS,
)

it(
  'an orderly end and a new start keep documents, indexes and their options',
  async () => {
    const first = await start()
    const indexes = await withClient(first, async (client) => {
      const collection = client.db('d').collection<Doc>('c')
      await collection.insertMany([
        { _id: 1, a: 1 },
        { _id: 2, a: [2, 3] },
      ])
      await collection.createIndexes([{ key: { a: 1 }, unique: true, sparse: true }])
      await collection.createIndexes([{ key: { b: 1 }, expireAfterSeconds: 60, partialFilterExpression: { c: true } }])
      return collection.indexes()
    })
    await first.stop()
    expect(first.child.exitCode).toBe(0)
    await withClient(await start(), async (client) => {
      const collection = client.db('d').collection<Doc>('c')
      expect(await collection.find().toArray()).toEqual([
        { _id: 1, a: 1 },
        { _id: 2, a: [2, 3] },
      ])
      expect(await collection.indexes()).toEqual(indexes)
      await expect(collection.insertOne({ a: 3 })).rejects.toMatchObject({ code: 11_000 })
    })
  },
  TEST_MS,
)

describe('the data folder', () => {
  it(
    'is refused to a second engine, which says why and ends with 1',
    async () => {
      const first = await start()
      const second = await endingOf(spawnEngine({ dbpath, args: ['--lock-wait-ms', '300'] }), 15_000)
      expect(second).toMatchObject({ code: 1, stdout: '' })
      expect(second.stderr).toContain(dbpath)
      expect(second.stderr.trim().split('\n')).toHaveLength(1)
      await withClient(first, async (client) => {
        await client.db('d').collection('c').insertOne({ a: 1 })
        expect(await client.db('d').collection('c').countDocuments()).toBe(1)
      })
    },
    TEST_MS,
  )

  it(
    'goes to an engine that waits, as soon as the first has ended',
    async () => {
      const first = await start()
      const second = start()
      await new Promise((resolve) => setTimeout(resolve, 500))
      await first.stop()
      await withClient(await second, (client) => client.db('d').command({ ping: 1 }))
    },
    TEST_MS,
  )

  it(
    'is free at once after a SIGKILL',
    async () => {
      await (await start()).kill()
      const second = await start('--lock-wait-ms', '0')
      await withClient(second, (client) => client.db('d').command({ ping: 1 }))
    },
    TEST_MS,
  )

  it(
    'is made when it is not there; what is no folder is refused',
    async () => {
      const deep = join(dbpath, 'a', 'b')
      const engine = await startEngine({ dbpath: deep })
      running.push(engine)
      expect(await readdir(deep)).not.toEqual([])
      const refused = await endingOf(spawnEngine({ dbpath: '/dev/null' }), 15_000)
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toContain('/dev/null')
    },
    TEST_MS,
  )
})
