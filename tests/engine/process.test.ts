import { TIMES } from './use-engine'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { MongoClient } from 'mongodb'
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
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
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
})
