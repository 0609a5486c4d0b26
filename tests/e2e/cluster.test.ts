import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killTree, startService, statusOf, until, untilEnded } from '../support/service-process'

const WORKERS = 2
const CLIENTS = 8
const START_MS = 60_000
const RELOAD_MS = 60_000
const END_MS = 30_000

let dataDir: string
let port: number
let service: ServiceProcess
let userPath: string
let load: ReturnType<typeof startLoad> | undefined

const tree = () => descendants(service.child.pid!)
const pidsOf = (part: string) =>
  tree()
    .filter(({ command }) => command.includes(part))
    .map(({ pid }) => pid)
const workers = () => pidsOf('dist/main.js')
const engines = () => pidsOf('embedded-mongo/main.js')
/** npm's shell has the name of the script in its command too. */
const launcher = () => tree().find(({ command }) => command === 'node scripts/start-cluster.mjs')!.pid
const printed = (pattern: RegExp) => [...service.output().matchAll(pattern)].length
const onlineCount = () => printed(/App \[rollcall:\d+\] online/g)

/** Between a request that failed and the next of that client, in milliseconds. */
const PAUSE_MS = 20

interface Failure {
  readonly client: number
  readonly beganAt: number
  readonly why: string
}

/** Clients that keep their connections: each sends its next request when it has its answer. Nothing is sent twice. */
function startLoad() {
  const failures: Failure[] = []
  let answered = 0
  let running = true
  const client = async (n: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; running; i++) {
      const beganAt = performance.now()
      const body = i % 10 === 0 ? { name: 'Load', email: `load.${n}.${i}.${beganAt}@example.com` } : undefined
      const outcome = await send(agent, body ? '/api/v1/users' : userPath, body).catch(String)
      if (outcome === (body ? 201 : 200)) answered++
      else {
        failures.push({ client: n, beganAt, why: `${outcome}` })
        await sleep(PAUSE_MS)
      }
    }
    agent.destroy()
  }
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n))
  const stop = async () => {
    running = false
    await Promise.all(clients)
    return failures
  }
  return { stop, answered: () => answered }
}

function send(agent: Agent | undefined, path: string, body?: unknown): Promise<number> {
  const headers = body ? { 'content-type': 'application/json' } : {}
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, path, headers, method: body ? 'POST' : 'GET' }, (response) =>
      response
        .on('error', reject)
        .on('end', () => resolve(response.statusCode ?? 0))
        .resume(),
    )
    sent.on('error', reject).end(body && JSON.stringify(body))
  })
}

async function answeredMore(count: number): Promise<void> {
  const goal = load!.answered() + count
  await until(
    () => load!.answered() >= goal,
    END_MS,
    () => `the load stands still:\n${service.output()}`,
  )
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-cluster-'))
  port = await freePort()
  const env = {
    LOG_LEVEL: 'warn',
    DATA_DIR: dataDir,
    WORKERS: String(WORKERS),
    MONGO_ENGINE_PORT: String(await freePort()),
  }
  service = await startService({ script: 'start:cluster', port, env })
  await until(
    () => onlineCount() === WORKERS,
    START_MS,
    () => service.output(),
  )
  const response = await fetch(`${service.url}/api/v1/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'John Doe', email: 'john.doe@example.com' }),
  })
  expect(response.status).toBe(201)
  userPath = response.headers.get('location')!
}, START_MS * 2)

afterEach(async () => {
  await load?.stop()
})

afterAll(async () => {
  killTree(service)
  await rm(dataDir, { recursive: true, force: true })
})

it('runs the workers, and the engine once beside them', () => {
  expect(workers()).toHaveLength(WORKERS)
  expect(engines()).toHaveLength(1)
})

it('a reload replaces every worker without a failed request', async () => {
  const [before, engineBefore] = [workers(), engines()]
  load = startLoad()
  await answeredMore(200)
  process.kill(launcher(), 'SIGHUP')
  await until(
    () => printed(/^Reloaded$/gm) === 1,
    RELOAD_MS,
    () => service.output(),
  )
  await answeredMore(200)

  expect(await load.stop()).toEqual([])
  expect(workers()).toHaveLength(WORKERS)
  expect(workers().filter((pid) => before.includes(pid))).toEqual([])
  expect(engines()).toEqual(engineBefore)
}, 120_000)

it('SIGKILL of a worker fails only what it had in flight, and it is replaced', async () => {
  const before = workers()
  const onlineBefore = onlineCount()
  load = startLoad()
  await answeredMore(200)
  const killedAt = performance.now()
  process.kill(before[0]!, 'SIGKILL')
  await until(
    () => onlineCount() > onlineBefore,
    START_MS,
    () => service.output(),
  )
  await answeredMore(200)
  const failures = await load.stop()

  // No answer is an error of the service; a client loses at most the one request that the worker took with it.
  expect(failures.map(({ why }) => why).filter((why) => !/ECONNRESET|socket hang up|EPIPE/.test(why))).toEqual([])
  expect(failures.filter(({ beganAt }) => beganAt > killedAt + 100)).toEqual([])
  expect(new Set(failures.map(({ client }) => client)).size).toBe(failures.length)
  expect(workers()).toHaveLength(WORKERS)
  expect(workers()).not.toContain(before[0])
  expect(workers()).toContain(before[1])
  expect(engines()).toHaveLength(1)
}, 120_000)

it('SIGTERM answers what is in flight, and ends every process', async () => {
  const pids = [service.child.pid!, ...tree().map(({ pid }) => pid)]
  const inFlight = Promise.all(Array.from({ length: CLIENTS }, () => send(undefined, userPath)))
  await sleep(5)
  service.child.kill('SIGTERM')

  expect(await inFlight).toEqual(Array.from({ length: CLIENTS }, () => 200))
  await untilEnded(pids, END_MS)
  expect(await statusOf(`${service.url}/ping`)).toBeUndefined()
}, 60_000)
