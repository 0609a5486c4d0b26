import { TIMES } from './use-engine'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Collection, MongoClient } from 'mongodb'
import { descendants, isRunning } from '../support/process-tree'
import { type Engine, endingOf, spawnEngine, startEngine } from './start-engine'

const START_MS = 20_000
const END_MS = 2_000

let running: Engine[] = []
const start = async (...args: string[]) => {
  const engine = await startEngine({ args })
  running.push(engine)
  return engine
}
afterEach(async () => {
  await Promise.all(running.map((engine) => engine.stop()))
  running = []
})

/** How the engine ends, and after how many milliseconds. */
async function endOf({ child }: Engine, end: () => void) {
  const ended = once(child, 'exit')
  const from = Date.now()
  end()
  const [code, signal] = (await ended) as [number | null, string | null]
  return { code, signal, ms: Date.now() - from }
}

describe('the start', () => {
  it('says on one line and over the channel where it listens', async () => {
    const child = spawnEngine()
    const ready = once(child, 'message')
    let stdout = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    const [message] = (await ready) as [{ uri: string }]
    expect(message).toEqual({
      type: 'ready',
      uri: expect.stringMatching(/^mongodb:\/\/127\.0\.0\.1:\d+$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
    const client = await MongoClient.connect(message.uri)
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1, ...TIMES })
    await client.close()
    child.kill('SIGTERM')
    await once(child, 'close')
    expect(stdout).toContain(message.uri)
    expect(
      stdout
        .trim()
        .split('\n')
        .filter((line) => line.includes('mongodb://')),
    ).toHaveLength(1)
  })

  it('names its version, its address and its folder, and with --in-memory that nothing is kept', async () => {
    const dbpath = mkdtempSync(join(tmpdir(), 'engine-process-'))
    const engine = await startEngine({ dbpath })
    running.push(engine)
    expect(engine.line).toMatch(/^embedded-mongo \d+\.\d+\.\d+ listens on mongodb:\/\/127\.0\.0\.1:\d+ /)
    expect(engine.line).toContain(dbpath)
    expect((await start()).line).toContain('nothing is kept')
    await engine.stop()
    rmSync(dbpath, { recursive: true })
  })

  it('a port that is in use: says so, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const ending = await endingOf(spawnEngine({ args: ['--port', String(port)] }), START_MS)
    other.close()
    expect(ending).toMatchObject({ code: 1, stdout: '' })
    expect(ending.stderr).toMatch(new RegExp(`${port}.*in use`))
  })

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])('refuses to listen on %s', async (host) => {
    const ending = await endingOf(spawnEngine({ args: ['--host', host] }), START_MS)
    expect(ending.code).not.toBe(0)
    expect(ending.signal).toBeNull()
    expect(ending.stdout).toBe('')
    expect(ending.stderr).toContain('loopback')
  })

  it.each([[['--port', 'x']], [['--port', '65536']], [['--nope']]])('refuses %j', async (args) => {
    const ending = await endingOf(spawnEngine({ args }), START_MS)
    expect(ending.code).not.toBe(0)
    expect(ending.signal).toBeNull()
    expect(ending.stderr).toContain(args[0])
  })
})

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    `%s ends it in order within ${END_MS} ms, with clients and cursors open`,
    async (signal) => {
      const engine = await start()
      const client = await MongoClient.connect(engine.uri, { serverSelectionTimeoutMS: 500 })
      await client
        .db('d')
        .collection('c')
        .insertMany(Array.from({ length: 300 }, (_, n) => ({ n })))
      const cursor = client.db('d').collection('c').find({}, { batchSize: 2 })
      await cursor.next()
      const { code, ms } = await endOf(engine, () => engine.child.kill(signal))
      expect(code).toBe(0)
      expect(ms).toBeLessThan(END_MS)
      await cursor.close().catch(() => undefined)
      await client.close()
    },
  )

  it('SIGTERM under load: it does not wait for what takes long, and keeps what it has acknowledged', async () => {
    const dbpath = mkdtempSync(join(tmpdir(), 'engine-process-'))
    const engine = await startEngine({ dbpath })
    running.push(engine)
    const client = await MongoClient.connect(engine.uri, { serverSelectionTimeoutMS: 2_000, retryReads: false })
    const collection = client.db('d').collection<{ _id: string | number }>('c')
    await collection.insertMany(Array.from({ length: 3_000 }, (_, _id) => ({ _id })))
    const pipeline = [
      {
        $lookup: { from: 'c', let: { id: '$_id' }, pipeline: [{ $match: { $expr: { $eq: ['$$id', -1] } } }], as: 'x' },
      },
    ]
    const long = collection
      .aggregate(pipeline)
      .toArray()
      .then(
        () => 'it was done',
        () => 'it was broken off',
      )
    const acknowledged: string[] = []
    const write = async (writer: number) => {
      for (let i = 0; ; i++) {
        await collection.insertOne({ _id: `${writer}:${i}` })
        acknowledged.push(`${writer}:${i}`)
      }
    }
    const writers = Promise.allSettled(Array.from({ length: 8 }, (_, writer) => write(writer)))
    while (acknowledged.length < 50) await new Promise((resolve) => setImmediate(resolve))
    const { code, ms } = await endOf(engine, () => engine.child.kill('SIGTERM'))
    expect(code).toBe(0)
    expect(ms).toBeLessThan(2 * END_MS)
    await writers
    expect(await long).toBe('it was broken off')
    await client.close()

    const second = await startEngine({ dbpath })
    running.push(second)
    const again = await MongoClient.connect(second.uri)
    const kept = new Set<unknown>(await again.db('d').collection('c').distinct('_id'))
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
    await again.close()
    await second.stop()
    rmSync(dbpath, { recursive: true })
  }, 90_000)

  it('it ends when its parent lets go of the channel', async () => {
    const engine = await start()
    const { code, ms } = await endOf(engine, () => engine.child.disconnect())
    expect(code).toBe(0)
    expect(ms).toBeLessThan(END_MS)
  })

  it('it leaves no process behind', async () => {
    const engine = await start()
    const pids = descendants(engine.child.pid!).map(({ pid }) => pid)
    await engine.stop()
    expect(pids.filter(isRunning)).toEqual([])
  })
})

describe('in memory', () => {
  /** The folders in which a process has files open that a data folder holds. */
  const dataFoldersOf = (pid: number) => {
    const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
      } catch {
        // Closed since the folder was read.
        return []
      }
    })
    return open.filter((path) => path.endsWith('.mdb')).map(dirname)
  }

  it('nothing is left after an orderly end, and a new one starts empty', async () => {
    const engine = await start()
    const client = await MongoClient.connect(engine.uri)
    await client.db('d').collection('c').insertOne({ a: 1 })
    await client.close()
    const folders = dataFoldersOf(engine.child.pid!)
    expect(folders.map((folder) => existsSync(folder))).toContain(true)
    await engine.stop()
    expect(folders.map((folder) => existsSync(folder))).not.toContain(true)

    const second = await start()
    const again = await MongoClient.connect(second.uri)
    expect(await again.db('d').collection('c').countDocuments()).toBe(0)
    await again.close()
  })

  it('what one has left that was killed, a later start removes', async () => {
    const killed = await start()
    const folders = dataFoldersOf(killed.child.pid!).filter((folder) => !folder.endsWith('lock'))
    await killed.kill()
    expect(folders.map((folder) => existsSync(folder))).toEqual(folders.map(() => true))
    // Not at once: a young folder may be another engine's, which has yet to lock it.
    const longAgo = new Date(Date.now() - 3_600_000)
    for (const folder of folders) utimesSync(folder, longAgo, longAgo)
    await start()
    expect(folders.map((folder) => existsSync(folder))).toEqual(folders.map(() => false))
  })
})

describe('slow commands', () => {
  /** What the engine says of a command, with every command taken for a slow one. */
  const toldOf = async (name: string, work: (collection: Collection) => Promise<unknown>) => {
    const engine = await start('--slow-ms', '0')
    const client = await MongoClient.connect(engine.uri)
    const collection = client.db('d').collection('c')
    await collection.createIndex({ mail: 1 })
    await collection.insertOne({ mail: 'zoe@example.com', age: 7 })
    let stdout = ''
    engine.child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    await work(collection)
    const pattern = new RegExp(`^embedded-mongo: slow: ${name} .*$`, 'm')
    while (!pattern.test(stdout)) await once(engine.child.stdout!, 'data')
    await client.close()
    return pattern.exec(stdout)![0]
  }

  it('are told of with their plan and their shape, and without any value', async () => {
    const find = await toldOf('find', (c) =>
      c
        .find({ mail: 'zoe@example.com', age: { $in: [7, 8, 9] } })
        .sort({ age: -1 })
        .toArray(),
    )
    expect(find).toMatch(/slow: find d\.c \d+ ms plan=IXSCAN mail_1 /)
    expect(find).toContain('filter={"mail":"?","age":{"$in":["?","2 more"]}} sort={"age":-1}')
    expect(find).not.toContain('zoe')
  })

  it('also writes', async () => {
    const update = await toldOf('update', (c) => c.updateOne({ age: 7 }, { $set: { secret: 'abc' } }))
    expect(update).toMatch(/slow: update d\.c \d+ ms plan=COLLSCAN q=\{"age":"\?"\} u=\{"\$set":\{"secret":"\?"\}\}$/)
    const deletes = await toldOf('delete', (c) => {
      return c.bulkWrite([{ deleteOne: { filter: { mail: 'a' } } }, { deleteOne: { filter: { age: 1 } } }])
    })
    expect(deletes).toMatch(/slow: delete d\.c \d+ ms plan=IXSCAN mail_1 q=\{"mail":"\?"\} limit=/)
  })

  it('and pipelines on a database, whose documents are not taken for a plan', async () => {
    const documents = [{ stage: 'IXSCAN', indexName: 'zoe' }]
    const aggregate = await toldOf('aggregate', (c) => c.db.aggregate([{ $documents: documents }]).toArray())
    expect(aggregate).toMatch(/slow: aggregate d \d+ ms pipeline=/)
    expect(aggregate).not.toContain('zoe')
  })

  it('a long command is told of without a second look at what it says', async () => {
    const find = await toldOf('find', (c) =>
      c.find({ mail: { $in: Array.from({ length: 10_000 }, String) } }).toArray(),
    )
    expect(find).toMatch(/slow: find d\.c \d+ ms$/)
  })

  it('are not told of when they are quick', async () => {
    const engine = await start('--slow-ms', '60000')
    let stdout = ''
    engine.child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    const client = await MongoClient.connect(engine.uri)
    await client.db('d').collection('c').insertOne({ a: 1 })
    await client.close()
    await engine.stop()
    expect(stdout).not.toContain('slow')
  })
})
