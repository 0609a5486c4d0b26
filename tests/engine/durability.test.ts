import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { type Engine, endingOf, spawnEngine, startEngine } from './start-engine'
import type { Doc } from './use-engine'

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
