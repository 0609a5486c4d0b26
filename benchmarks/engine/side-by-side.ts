import { availableParallelism } from 'node:os'
import { MongoClient } from 'mongodb-6.3'
import { busySeconds, cpuSeconds, residentMiB } from '../processes'
import { table } from '../report'
import { quantile } from '../window'
import { type Contender, CONTENDERS, isEngine, type RunningServer, start } from './contenders'
import { Loaders } from './loaders'
import { measureMillion } from './million'
import { ALONE, INDEXES, type OperationName, userDocument } from './operations'
import { HELP, type Options, readOptions } from './options'
import { print, runProgram } from '../program'

const BATCH_DOCUMENTS = 1_000
const WARM_UP_MS_MAX = 1_000
/** How many times as fast as SecantusDB the engine is meant to be. */
const SECANTUS_GOAL = 3

interface Figure {
  readonly server: string
  readonly operation: OperationName
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU of the server for one operation, in microseconds. */
  readonly cpuUs: number
  /** CPU of the drivers for one operation, in microseconds. */
  readonly driverUs: number
  /** Cores of the machine that did nothing, on average. */
  readonly idleCores: number
}

async function startAll(options: Options): Promise<RunningServer[]> {
  const running: RunningServer[] = []
  for (const contender of CONTENDERS.filter(({ name }) => options.servers.includes(name))) {
    try {
      running.push(await start(contender))
    } catch (error) {
      // The engine is what this is about; without it there is nothing to compare.
      if (contender.name === 'engine') throw error
      print(`missing: ${contender.title}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return running
}

async function seed({ uri }: RunningServer, documents: number): Promise<void> {
  const client = await MongoClient.connect(uri)
  try {
    const users = client.db('bench').collection('users')
    await users.createIndexes([...INDEXES])
    for (let from = 0; from < documents; from += BATCH_DOCUMENTS) {
      const count = Math.min(BATCH_DOCUMENTS, documents - from)
      await users.insertMany(Array.from({ length: count }, (_, i) => userDocument(from + i)))
    }
  } finally {
    await client.close()
  }
}

let fresh = 0

/** One operation on all servers, in turn and more than once: what strangers take of the machine, they take of all. */
async function measure(
  operation: OperationName,
  servers: readonly RunningServer[],
  loaders: Loaders,
  options: Options,
): Promise<Figure[]> {
  const { documents, seconds, rounds } = options
  const inFlight = ALONE.has(operation) ? 1 : options.inFlight
  const sums = servers.map(() => ({
    times: [] as number[],
    elapsedMs: 0,
    cpuSeconds: 0,
    driverSeconds: 0,
    busySeconds: 0,
  }))
  const driverSeconds = () => loaders.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const run = (server: RunningServer, milliseconds: number) => {
    fresh += 1_000_000
    return loaders.run({ uri: server.uri, operation, inFlight, milliseconds, documents, firstFresh: documents + fresh })
  }
  for (const server of servers) await run(server, Math.min(WARM_UP_MS_MAX, seconds * 1_000))
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) {
      const sum = sums[i]!
      const [begin, cpuBefore] = [performance.now(), cpuSeconds(server.pid)]
      const [driversBefore, busyBefore] = [driverSeconds(), busySeconds()]
      const times = await run(server, seconds * 1_000)
      sum.elapsedMs += performance.now() - begin
      sum.cpuSeconds += cpuSeconds(server.pid) - cpuBefore
      sum.driverSeconds += driverSeconds() - driversBefore
      sum.busySeconds += busySeconds() - busyBefore
      for (const time of times) sum.times.push(time)
    }
  }
  return sums.map(({ times, elapsedMs, cpuSeconds: cpu, ...sum }, i) => {
    times.sort((a, b) => a - b)
    return {
      server: servers[i]!.name,
      operation,
      perSecond: (times.length / elapsedMs) * 1_000,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      cpuUs: (cpu * 1e6) / times.length,
      driverUs: (sum.driverSeconds * 1e6) / times.length,
      idleCores: availableParallelism() - sum.busySeconds / (elapsedMs / 1_000),
    }
  })
}

function rowsOf(figures: readonly Figure[]): string[][] {
  const ours = figures.find(({ server }) => server === 'engine')
  return figures.map((figure, i) => [
    i === 0 ? figure.operation : '',
    figure.server,
    figure.perSecond.toFixed(figure.perSecond < 100 ? 1 : 0),
    figure.p50Ms.toFixed(2),
    figure.p99Ms.toFixed(2),
    figure.cpuUs.toFixed(0),
    figure.driverUs.toFixed(0),
    figure.idleCores.toFixed(2),
    ours === undefined || figure === ours ? '' : `${(ours.perSecond / figure.perSecond).toFixed(2)} ×`,
    ours === undefined || figure === ours ? '' : `${(figure.cpuUs / ours.cpuUs).toFixed(2)} ×`,
  ])
}

const HEADER = [
  '',
  'server',
  'per second',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'driver µs',
  'idle cores',
  'engine ahead',
  'by CPU',
]

/** Where the engine is not as far ahead as it should be. */
function missed(all: readonly (readonly Figure[])[]): string[] {
  return all.flatMap((figures) => {
    const ours = figures.find(({ server }) => server === 'engine')
    return figures.flatMap(({ server, operation, perSecond }) => {
      if (ours === undefined || isEngine(server)) return []
      const [ratio, goal] = [ours.perSecond / perSecond, server === 'secantus' ? SECANTUS_GOAL : 1]
      return ratio >= goal ? [] : [`${operation}: ${ratio.toFixed(2)} × ${server}, and should be ${goal} ×`]
    })
  })
}

function describe(servers: readonly RunningServer[], options: Options): void {
  const { documents, seconds, rounds, inFlight, loaders } = options
  print(`\n${documents} documents; ${inFlight} operations in flight from ${loaders} processes, a group alone;`)
  print(`${rounds} × ${seconds} s each. mongodb driver 6.3, Node ${process.version}. CPU is the server's own.\n`)
  print('What an acknowledged write is worth:')
  const taking = (contender: Contender) => servers.find(({ name }) => name === contender.name)
  for (const contender of CONTENDERS) {
    const server = taking(contender)
    if (server === undefined) continue
    print(`  ${contender.name}: ${contender.promise}`)
    print(`    (${contender.title}; ${residentMiB(server.pid).toFixed(0)} MiB resident at the end)`)
  }
}

async function sideBySide(options: Options): Promise<void> {
  const servers = await startAll(options)
  const loaders = new Loaders(options.loaders)
  try {
    for (const server of servers) await seed(server, options.documents)
    const all: Figure[][] = []
    for (const operation of options.operations) all.push(await measure(operation, servers, loaders, options))
    print(table(HEADER, all.flatMap(rowsOf)))
    describe(servers, options)
    const short = missed(all)
    if (options.smoke || servers.every(({ name }) => isEngine(name))) return
    print(short.length === 0 ? '\nAll goals are met.' : `\nGoals missed:\n  ${short.join('\n  ')}`)
    if (short.length > 0) process.exitCode = 1
  } finally {
    await loaders.end()
    for (const server of servers) await server.stop()
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') print(HELP)
  else if (options.million !== undefined) await measureMillion(options.million)
  else await sideBySide(options)
}

runProgram(main)
