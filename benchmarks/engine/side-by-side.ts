import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Collection, type Document, MongoClient } from 'mongodb'
import { freePort } from '../../tests/support/free-port'
import { cpuSeconds } from '../processes'
import { quantile } from '../window'

const IN_FLIGHT = 32
const PAGE_SIZE = 20
const START_MS = 60_000
const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 100_000)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
/** The other server's command, to which `--port P --storage-path :memory:` is added; without it the engine runs alone. */
const OTHER = process.env['SECANTUSD']

interface Server {
  readonly name: string
  readonly child: ChildProcess
  readonly client: MongoClient
  readonly collection: Collection
  readonly stop: () => Promise<void>
}

interface Figure {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
}

async function start(name: string, command: string, args: readonly string[]): Promise<Server> {
  const port = await freePort()
  const child = spawn(command, [...args.map((arg) => arg.replace('PORT', String(port)))], { stdio: 'ignore' })
  const client = new MongoClient(`mongodb://127.0.0.1:${port}`, { directConnection: true, maxPoolSize: IN_FLIGHT })
  for (const end = performance.now() + START_MS; ;) {
    try {
      await client.db('admin').command({ ping: 1 })
      break
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(100)
    }
  }
  const stop = async () => {
    await client.close()
    child.kill()
  }
  return { name, child, client, collection: client.db('bench').collection('users'), stop }
}

async function servers(): Promise<Server[]> {
  // Both keep nothing: the other one has no setting that makes both flush alike.
  const engine = await start('engine', process.execPath, [
    'dist/embedded-mongo/main.js',
    '--port',
    'PORT',
    '--in-memory',
  ])
  if (OTHER === undefined) return [engine]
  return [engine, await start('secantus', OTHER, ['--port', 'PORT', '--storage-path', ':memory:'])]
}

const userDocument = (n: number): Document => ({
  _id: n as never,
  email: `user${n}@example.com`,
  name: `User ${n}`,
  group: n % 100,
  created_at: new Date(1.7e12 + n * 1_000),
  address: { city: `City ${n % 50}`, zip: String(10_000 + n) },
})

async function seed({ collection }: Server): Promise<void> {
  await collection.createIndexes([
    { key: { email: 1 }, unique: true },
    { key: { created_at: -1 } },
    { key: { group: 1 } },
  ])
  for (let from = 0; from < DOCUMENTS; from += 10_000) {
    const count = Math.min(10_000, DOCUMENTS - from)
    await collection.insertMany(Array.from({ length: count }, (_, i) => userDocument(from + i)))
  }
}

let next = DOCUMENTS
const any = () => Math.floor(Math.random() * DOCUMENTS)
const OPERATIONS: Readonly<Record<string, (users: Collection) => Promise<unknown>>> = {
  'find by _id': (users) => users.findOne({ _id: any() as never }),
  'find by unique field': (users) => users.findOne({ email: `user${any()}@example.com` }),
  'update by _id': (users) => users.updateOne({ _id: any() as never }, { $set: { name: `Name ${any()}` } }),
  'page of 20 by index': (users) => users.find().sort({ created_at: -1 }).limit(PAGE_SIZE).toArray(),
  'count by index': (users) => users.countDocuments({ group: any() % 100 }),
  insert: (users) => users.insertOne(userDocument(next++)),
  [`group over ${DOCUMENTS}`]: (users) => users.aggregate([{ $group: { _id: '$group', n: { $sum: 1 } } }]).toArray(),
}

async function measure(
  server: Server,
  operation: (users: Collection) => Promise<unknown>,
  inFlight: number,
): Promise<Figure> {
  const times: number[] = []
  const pid = server.child.pid ?? 0
  const [begin, cpuBefore] = [performance.now(), cpuSeconds(pid)]
  const end = begin + SECONDS * 1_000
  const work = async () => {
    for (let sent = performance.now(); sent < end; sent = performance.now()) {
      await operation(server.collection)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const seconds = (performance.now() - begin) / 1_000
  times.sort((a, b) => a - b)
  const cpuUs = ((cpuSeconds(pid) - cpuBefore) * 1e6) / times.length
  return { perSecond: times.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), cpuUs }
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(14))).join('')
}

async function main(): Promise<void> {
  const all = await servers()
  try {
    for (const server of all) await seed(server)
    const names = all.flatMap(({ name }) => [`${name} /s`, 'p50 ms', 'p99 ms', 'CPU µs/op'])
    console.log(row(['', ...names, ...(all.length > 1 ? ['ratio'] : [])]))
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      const figures: Figure[] = []
      for (const server of all) {
        // Side by side: what strangers take of the machine, they take of both.
        figures.push(await measure(server, operation, name.startsWith('group') ? 1 : IN_FLIGHT))
      }
      const [ours, theirs] = figures
      const shown = figures.flatMap((f) => [
        f.perSecond.toFixed(1),
        f.p50Ms.toFixed(2),
        f.p99Ms.toFixed(2),
        f.cpuUs.toFixed(0),
      ])
      const ratio = ours !== undefined && theirs !== undefined ? [(ours.perSecond / theirs.perSecond).toFixed(2)] : []
      console.log(row([name, ...shown, ...ratio]))
    }
    console.log(`\n${IN_FLIGHT} in flight, ${SECONDS} s each, in memory`)
  } finally {
    for (const server of all) await server.stop()
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
