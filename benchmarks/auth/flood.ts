import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { httpLoad } from '../http-load'
import { quantile } from '../window'
import { emailOf, PASSWORD } from './accounts'

/** Logins in flight for each worker: enough that none ever waits for work, too few to be refused. */
const CONNECTIONS_PER_WORKER = 8
/** Reads beside the flood, in all. */
const READS_PER_SECOND = 50
const READ_CONNECTIONS = 8

export interface Flood {
  readonly logins_per_second: number
  readonly login_p50: number
  readonly read_p50: number
  readonly read_p99: number
  readonly reads: number
  readonly errors: number
}

/** As many logins as there can be, and beside them reads by id on the same workers. Times are in milliseconds. */
export async function measureFlood(
  url: string,
  ids: readonly string[],
  token: string,
  { seconds, workers, users }: { readonly seconds: number; readonly workers: number; readonly users: number },
): Promise<Flood> {
  let next = 0
  const logIn = () => {
    const body = { email: emailOf(next++ % users), password: PASSWORD }
    return { method: 'POST' as const, path: '/auth/login', body }
  }
  const connections = CONNECTIONS_PER_WORKER * workers
  await httpLoad(url, connections, { seconds: Math.min(2, seconds) }, logIn)
  const [{ times, errors }, reads] = await Promise.all([
    httpLoad(url, connections, { seconds }, logIn),
    readsBeside(url, ids, token, seconds),
  ])
  times.sort((a, b) => a - b)
  reads.times.sort((a, b) => a - b)
  return {
    logins_per_second: times.length / seconds,
    login_p50: quantile(times, 0.5),
    read_p50: quantile(reads.times, 0.5),
    read_p99: quantile(reads.times, 0.99),
    reads: reads.times.length,
    errors: errors + reads.errors,
  }
}

/** At a steady pace, whether or not the one before has been answered: a late answer delays no later request. */
async function readsBeside(url: string, ids: readonly string[], token: string, seconds: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: READ_CONNECTIONS })
  const times: number[] = []
  let errors = 0
  const read = async (id: string) => {
    const begin = performance.now()
    const status = await get(`${url}/api/v1/users/${id}`, token, agent).catch(() => 0)
    if (status === 200) times.push(performance.now() - begin)
    else errors++
  }
  const begin = performance.now()
  const pending: Promise<void>[] = []
  for (let n = 0; n < READS_PER_SECOND * seconds; n++) {
    await sleep(Math.max(0, begin + (n * 1_000) / READS_PER_SECOND - performance.now()))
    pending.push(read(ids[n % ids.length]!))
  }
  await Promise.all(pending)
  agent.destroy()
  return { times, errors }
}

function get(url: string, token: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) =>
      response
        .on('error', reject)
        .on('end', () => resolve(response.statusCode ?? 0))
        .resume(),
    )
      .on('error', reject)
      .end()
  })
}
