import { runScenario } from '../../src/client/scenario'
import { type FaultyProxy, type Fault, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import { endService } from '../support/end-service'
import { type ServiceProcess, startService } from '../support/service-process'

/** `CLIENT_RUNS=1000 npx jest tests/e2e/client-scenario` runs as many. */
const RUNS = Number(process.env['CLIENT_RUNS'] ?? 25)
const FAILING_SHARE = 0.2
const ATTEMPT_MS = 250
const RUN_MS = 20_000

let service: ServiceProcess
let proxy: FaultyProxy

beforeAll(async () => {
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
  proxy = await startFaultyProxy(service.url)
}, 120_000)
afterAll(async () => {
  await proxy?.stop()
  await endService(service)
})

/** mulberry32: a small seeded generator. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const FAULTS: readonly Fault[] = [
  'drop',
  'lose-answer',
  'cut-answer',
  'black-hole',
  { status: 500 },
  { status: 502, after: true },
  { status: 503, retryAfter: '0' },
]

const usersLeft = async () => {
  const response = await fetch(`${service.url}/api/v1/users?page_size=1`)
  await response.arrayBuffer()
  return Number(response.headers.get('x-total-count'))
}

it('runs through a good network without a retry, and leaves nothing', async () => {
  const report = await runScenario({ client: { baseUrl: service.url } })

  expect(report.steps.filter((step) => 'error' in step)).toEqual([])
  expect(report).toMatchObject({ ok: true, cleanedUp: 0 })
  expect(report.steps.map(({ name, retries }) => [name, retries])).toEqual(report.steps.map(({ name }) => [name, 0]))
  expect(await usersLeft()).toBe(0)
})

it(
  `keeps every promise over ${RUNS} runs in which one request in five fails`,
  async () => {
    let retries = 0
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const random = seeded(seed)
      proxy.plan = () => (random() < FAILING_SHARE ? FAULTS[Math.floor(random() * FAULTS.length)]! : 'none')
      const report = await runScenario({
        seed,
        client: {
          baseUrl: proxy.url,
          timeoutMs: ATTEMPT_MS,
          totalTimeoutMs: RUN_MS,
          retries: 12,
          backoff: { baseMs: 5, capMs: 50 },
          retryBudget: null,
        },
      })
      retries += report.steps.reduce((sum, step) => sum + step.retries, 0)

      expect({ seed, broken: report.steps.filter((step) => 'error' in step) }).toEqual({ seed, broken: [] })
      expect({ seed, left: await usersLeft() }).toEqual({ seed, left: 0 })
    }
    expect(retries).toBeGreaterThan(RUNS)
  },
  RUNS * RUN_MS,
)
