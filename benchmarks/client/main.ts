import { getEventListeners } from 'node:events'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { median } from '../window'
import { isApiError, RollcallClient } from '../../src/client/index'
import { startEngine, startService } from '../processes'
import { seedUsers } from '../seed'
import { print, runProgram } from '../program'

const USERS = 1_000
const IN_FLIGHT = 32
const MIB = 1024 * 1024
const SAMPLES = 10
const FAILING_EVERY = 10
const NOBODY = 'ffffffffffffffffffffffff'

/** The same call, made by bare undici and by the SDK. Both read the whole answer, parse it and take its data out. */
interface Call {
  readonly name: string
  readonly bare: () => Promise<unknown>
  readonly sdk: () => Promise<unknown>
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

function callsOf(pool: Pool, client: RollcallClient, id: string): readonly Call[] {
  const path = `/api/v1/users/${id}`
  const bare = async (method: 'GET' | 'PATCH', target: string, sent?: object) => {
    const headers = sent ? { 'content-type': 'application/json' } : {}
    const { body } = await pool.request({ method, path: target, headers, body: sent ? JSON.stringify(sent) : null })
    return ((await body.json()) as { data: unknown }).data
  }
  return [
    { name: 'GET /users/{id}', bare: () => bare('GET', path), sdk: () => client.users.get(id) },
    {
      name: 'GET /users (20)',
      bare: () => bare('GET', '/api/v1/users?page_size=20'),
      sdk: () => client.users.list({ page_size: 20 }),
    },
    {
      name: 'PATCH /users/{id}',
      bare: () => bare('PATCH', path, { age: 30 }),
      sdk: () => client.users.patch(id, { age: 30 }),
    },
  ]
}

/** In turns, so that what else the machine does falls on both alike. */
async function compare(url: string, id: string, seconds: number, rounds: number): Promise<void> {
  const pool = new Pool(url, { connections: IN_FLIGHT })
  const client = new RollcallClient({ baseUrl: url, connections: IN_FLIGHT })
  print(`${'calls/s'.padEnd(20)}${'undici'.padStart(9)}${'SDK'.padStart(9)}${'SDK / undici'.padStart(15)}`)
  for (const { name, bare, sdk } of callsOf(pool, client, id)) {
    const rates = { bare: [] as number[], sdk: [] as number[] }
    for (const call of [bare, sdk]) await rate(call, Math.min(1, seconds))
    for (let round = 0; round < rounds; round += 1) {
      rates.bare.push(await rate(bare, seconds))
      rates.sdk.push(await rate(sdk, seconds))
    }
    const share = `${((median(rates.sdk) / median(rates.bare)) * 100).toFixed(1)} %`
    const [ofBare, ofSdk] = [median(rates.bare), median(rates.sdk)].map((one) => one.toFixed(0).padStart(9))
    print(`${name.padEnd(20)}${ofBare}${ofSdk}${share.padStart(15)}`)
  }
  await Promise.all([pool.close(), client.close()])
}

/**
 * Heap in use over many calls, after a collection each time (`node --expose-gc`). All calls share one AbortSignal, and one
 * in ten fails: what a call leaves on the signal, in a timer or with an error would show.
 */
async function memory(url: string, id: string, calls: number): Promise<void> {
  const collect = globalThis.gc
  if (!collect) throw new Error('Run it with NODE_OPTIONS=--expose-gc')
  const client = new RollcallClient({ baseUrl: url, connections: IN_FLIGHT })
  const { signal } = new AbortController()
  const share = Math.ceil(calls / SAMPLES)
  const heaps: number[] = []
  for (let sample = 1; sample <= SAMPLES; sample += 1) {
    let left = share
    const lane = async () => {
      while (left-- > 0) {
        if (left % FAILING_EVERY > 0) await client.users.get(id, { signal })
        else await client.users.get(NOBODY, { signal }).catch(unlessNotFound)
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
    collect()
    heaps.push(process.memoryUsage().heapUsed)
    const heap = (heaps.at(-1)! / MIB).toFixed(2)
    const listeners = getEventListeners(signal, 'abort').length
    print(`${String(sample * share).padStart(9)} calls: ${heap} MiB of heap, ${listeners} listeners on the signal`)
  }
  await client.close()
  // Half of the samples are for warming up: compiled code and connections.
  const [from, to] = [heaps[SAMPLES / 2 - 1]!, heaps.at(-1)!]
  print(`Over the second half it grew by ${((to - from) / (share * (SAMPLES / 2))).toFixed(2)} bytes a call`)
}

function unlessNotFound(error: unknown): void {
  if (!isApiError(error, 'USER_NOT_FOUND')) throw error
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
    print(`${cpus()[0]?.model}, Node ${process.version}, ${IN_FLIGHT} at a time, ${USERS} users`)
    if (values['memory-calls']) await memory(service.address, id, Number(values['memory-calls']))
    else await compare(service.address, id, Number(values.seconds ?? 4), Number(values.rounds ?? 5))
  } finally {
    await service.stop()
    await engine.stop()
  }
}

runProgram(main)
