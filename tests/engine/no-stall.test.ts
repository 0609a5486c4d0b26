import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { DATABASE, HEAVY_COMMANDS, type HeavyData, prepareData } from './heavy-commands'
import { type Engine, startEngine } from './start-engine'
import { WireSocket, bodySection, opMsg } from './wire-socket'

/**
 * All commands, on as much data, with a report: HEAVY_SIZE=100000 npx jest --selectProjects engine --testPathPattern no-stall
 */
const FULL_SIZE = Number(process.env['HEAVY_SIZE'] ?? 0)
const SIZE = FULL_SIZE || 2_000
/** A turn and the step that it is in; the rest is for slow and busy machines, where a millisecond does less. */
const STALL_MS_MAX = FULL_SIZE > 0 ? 50 : 1_000
/** Some would take for ever: they are ended. */
const COMMAND_MS_MAX = 10_000
/** Without HEAVY_SIZE: what would take minutes or all memory, whatever the size, if nothing stopped it. */
const ENDLESS = [
  '$densify without end',
  '$map in $map',
  '$range in $range',
  '$reduce that doubles an array',
  '$reduce that doubles a text',
  '$reduce that nests',
  '$let that doubles',
  '$replaceAll in $reduce',
  '$regexFindAll for each',
  '$addToSet of many',
  'a pipeline that doubles',
  'a pattern over every document',
  'a huge $or',
  'a huge $all',
]

let engine: Engine
let data: HeavyData
let client: MongoClient
let stderr = ''

async function start(): Promise<void> {
  engine = await startEngine({ env: { NODE_OPTIONS: `--require ${join(__dirname, 'loop-watch.cjs')}` } })
  engine.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  client = await MongoClient.connect(engine.uri, { directConnection: true })
  data = { db: client.db(DATABASE), size: SIZE }
  await prepareData(data)
}

async function stop(): Promise<void> {
  await client.close(true)
  await engine.kill()
}

beforeAll(start, 300_000)
afterAll(async () => {
  await client.close()
  await engine.stop()
})

/** How long the engine's thread was at work without a look at its sockets, since the last question. */
async function longestStallMs(child: ChildProcess): Promise<number> {
  child.send('worst-gap')
  for (;;) {
    // What the engine itself says, that it is ready, waits there too until somebody asks.
    const [message] = (await once(child, 'message')) as [{ type: string; cpuMs: number }]
    if (message.type === 'worst-gap') return message.cpuMs
  }
}

/** What came of it: nothing to say, an error of the server, or that it was not done in time. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('not done in time'), COMMAND_MS_MAX)
  })
  const done = work.then(
    () => '',
    (error: { code?: unknown; message: string }) => `${String(error.code)} ${error.message.slice(0, 80)}`,
  )
  const outcome = await Promise.race([done, late])
  clearTimeout(timer)
  return outcome
}

const chosen = HEAVY_COMMANDS.filter(({ name }) => FULL_SIZE > 0 || ENDLESS.includes(name))

it.each(chosen)(
  '$name',
  async ({ name, run }) => {
    await longestStallMs(engine.child)
    const startedMs = performance.now()
    const outcome = await outcomeOf(run(data))
    const ms = performance.now() - startedMs
    const stallMs = await longestStallMs(engine.child)
    if (FULL_SIZE > 0) {
      process.stdout.write(
        `${stallMs.toFixed(0).padStart(6)} ms of ${ms.toFixed(0).padStart(6)}  ${name}  ${outcome}\n`,
      )
    }
    if (outcome === 'not done in time') {
      await stop()
      await start()
    }
    expect(stallMs).toBeLessThan(STALL_MS_MAX)
  },
  COMMAND_MS_MAX + 300_000,
)

it('a client that sends fifty thousand commands at once lets others have their turn', async () => {
  const ping = opMsg([bodySection({ ping: 1, $db: 'admin' })])
  const socket = await WireSocket.open(engine.uri)
  await longestStallMs(engine.child)
  socket.write(Buffer.concat(Array.from({ length: 50_000 }, () => ping)))
  expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  expect(await longestStallMs(engine.child)).toBeLessThan(STALL_MS_MAX)
  await socket.end()
})

it('none of it is a fault of the engine', () => expect(stderr).toBe(''))
