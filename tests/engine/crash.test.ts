import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { PlainWrites } from './crash/plain-writes'
import { RetriedWrites } from './crash/retried-writes'
import { SchemaChanges } from './crash/schema-changes'
import { Transfers } from './crash/transfers'
import { anyBelow, DATABASE, type Workload } from './crash/workload'
import { type Engine, startEngine } from './start-engine'

/** More on demand: CRASH_ROUNDS=100 */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3)
const CLIENTS = 4
/** Writers of each kind: 32 in all. */
const WRITERS: readonly (readonly [Workload, number])[] = [
  [new Transfers(), 11],
  [new PlainWrites(), 10],
  [new RetriedWrites(), 10],
  [new SchemaChanges(), 1],
]
const WORKLOADS = WRITERS.map(([workload]) => workload)
/** A round ends at a random moment: after so many acknowledged writes at most, and then so many milliseconds. */
const WRITES_BEFORE_THE_KILL_MAX = 300
const MS_BEFORE_THE_KILL_MAX = 60
const ROUND_MS = 60_000
/** Soon, so that it ends within a checkpoint as often as not; as usual; and never, so that all is in the log alone. */
const CHECKPOINTS_MS = ['1', '250', '60000'] as const

const acknowledged = () => WORKLOADS.reduce((sum, workload) => sum + workload.acknowledged, 0)

/** Short of patience, since it is about to lose its server: so it may take more than one attempt on a slow machine. */
async function connect({ uri }: Engine, attempts = 10): Promise<MongoClient> {
  try {
    return await MongoClient.connect(uri, { maxPoolSize: 16, serverSelectionTimeoutMS: 1_500 })
  } catch (error) {
    if (attempts === 1) throw error
    return connect({ uri } as Engine, attempts - 1)
  }
}

/** Lets all writers write until a SIGKILL, and all of them find out. */
async function writeAndKill(engine: Engine, round: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(engine)))
  const target = acknowledged() + anyBelow(WRITES_BEFORE_THE_KILL_MAX)
  let started = 0
  const writers = WRITERS.flatMap(([workload, count]) =>
    Array.from({ length: count }, () => {
      const client = clients[started % CLIENTS]!
      return workload.write({ client, uri: engine.uri, name: `${round}.${started++}` })
    }),
  )
  while (acknowledged() < target) await sleep(2)
  await sleep(anyBelow(MS_BEFORE_THE_KILL_MAX))
  await engine.kill()
  await Promise.all(writers)
  await Promise.all(clients.map((client) => client.close()))
}

async function check(engine: Engine): Promise<void> {
  const client = await connect(engine)
  try {
    const db = client.db(DATABASE)
    for (const workload of WORKLOADS) {
      await workload.check(db, engine.uri)
      for (const name of workload.collections) {
        expect(await db.command({ validate: name, full: true })).toMatchObject({ valid: true, errors: [] })
      }
    }
  } finally {
    await client.close()
  }
}

async function prepare(engine: Engine): Promise<void> {
  const client = await connect(engine)
  for (const workload of WORKLOADS) await workload.prepare(client.db(DATABASE))
  await client.close()
}

it(
  `SIGKILL under 32 writers, ${ROUNDS} times: nothing lost, nothing half, nothing twice, the indexes agree`,
  async () => {
    const dbpath = await mkdtemp(join(tmpdir(), 'engine-crash-'))
    let engine = await startEngine({ dbpath })
    try {
      await prepare(engine)
      for (let round = 1; round <= ROUNDS; round++) {
        await writeAndKill(engine, round)
        engine = await startEngine({ dbpath, args: ['--checkpoint-ms', CHECKPOINTS_MS[round % 3] ?? ''] })
        await check(engine)
      }
    } finally {
      await engine.kill()
      await rm(dbpath, { recursive: true, force: true })
    }
    expect(acknowledged()).toBeGreaterThan(0)
    if (process.env['CRASH_ROUNDS'] !== undefined) process.stdout.write(`${summary()}\n`)
  },
  ROUND_MS * (ROUNDS + 1),
)

function summary(): string {
  const kinds = WORKLOADS.map((workload) => `${workload.constructor.name} ${workload.acknowledged}`).join(', ')
  return `crash: ${ROUNDS} rounds under 32 writers; acknowledged: ${kinds}; lost 0, torn 0, twice 0, validate clean`
}
