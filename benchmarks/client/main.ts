import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { RollcallClient } from '../../src/client/index'
import { startEngine, startService } from '../processes'
import { seedUsers } from '../seed'

const USERS = 1_000
const IN_FLIGHT = 32
const MIB = 1024 * 1024
const SAMPLES = 10

interface Contender {
  readonly name: string
  readonly call: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** Calls for so long, `IN_FLIGHT` at a time. Returns calls a second. */
async function rate(call: () => Promise<unknown>, seconds: number): Promise<number> {
  const begin = performance.now()
  const end = begin + seconds * 1_000
  let calls = 0
  const lane = async () => {
    while (performance.now() < end) {
      await call()
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return (calls * 1_000) / (performance.now() - begin)
}

function contenders(url: string, id: string): readonly Contender[] {
  const pool = new Pool(url, { connections: IN_FLIGHT })
  const client = new RollcallClient({ baseUrl: url, connections: IN_FLIGHT })
  const bare = async () => {
    const { body } = await pool.request({ method: 'GET', path: `/api/v1/users/${id}` })
    return ((await body.json()) as { data: unknown }).data
  }
  return [
    { name: 'undici', call: bare, close: () => pool.close() },
    { name: 'SDK', call: () => client.users.get(id), close: () => client.close() },
  ]
}

/** In turns, so that what else the machine does falls on both alike. */
async function compare(url: string, id: string, seconds: number, rounds: number): Promise<void> {
  const both = contenders(url, id)
  const rates = both.map((): number[] => [])
  for (const { call } of both) await rate(call, Math.min(1, seconds))
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { call }] of both.entries()) rates[index]!.push(await rate(call, seconds))
  }
  const medians = rates.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!)
  for (const [index, { name }] of both.entries()) {
    console.log(`${name.padEnd(8)} ${medians[index]!.toFixed(0).padStart(7)} calls/s`)
  }
  console.log(`SDK / undici: ${((medians[1]! / medians[0]!) * 100).toFixed(1)} %`)
  await Promise.all(both.map(({ close }) => close()))
}

/** Heap in use over many calls, after a collection each time (`node --expose-gc`). */
async function memory(url: string, id: string, calls: number): Promise<void> {
  const collect = globalThis.gc
  if (!collect) throw new Error('Run it with NODE_OPTIONS=--expose-gc')
  const client = new RollcallClient({ baseUrl: url, connections: IN_FLIGHT })
  const share = Math.ceil(calls / SAMPLES)
  for (let sample = 1; sample <= SAMPLES; sample += 1) {
    let left = share
    const lane = async () => {
      while (left-- > 0) await client.users.get(id)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
    collect()
    const heap = (process.memoryUsage().heapUsed / MIB).toFixed(1)
    console.log(`${String(sample * share).padStart(9)} calls: ${heap} MiB of heap`)
  }
  await client.close()
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { seconds: text, rounds: text, 'memory-calls': text } })
  const engine = await startEngine()
  const uri = `${engine.address}/bench`
  await seedUsers(uri, USERS)
  const service = await startService(uri)
  try {
    const client = new RollcallClient({ baseUrl: service.address })
    const { items } = await client.users.list({ page_size: 1 })
    await client.close()
    const { id } = items[0]!
    console.log(`${cpus()[0]?.model}, Node ${process.version}, ${IN_FLIGHT} at a time, GET /users/{id}`)
    if (values['memory-calls']) await memory(service.address, id, Number(values['memory-calls']))
    else await compare(service.address, id, Number(values.seconds ?? 4), Number(values.rounds ?? 5))
  } finally {
    await service.stop()
    await engine.stop()
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
