import { MongoClient } from 'mongodb'
import { runScenario } from '../../src/client/scenario'
import { endService } from '../support/end-service'
import { freePort } from '../support/free-port'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { attemptMsBy, broken, keptOf, RUN_MS, RUN_USERS, runThroughFaults, wholeLives } from '../support/scenario-runs'
import { type ServiceProcess, startService } from '../support/service-process'

/** `CLIENT_RUNS=1000 npx jest tests/e2e/client-scenario` runs as many; CLIENT_SEED is the first seed. */
const RUNS = Number(process.env['CLIENT_RUNS'] ?? 10)
const FIRST_SEED = Number(process.env['CLIENT_SEED'] ?? 1)
/** So many at a time. */
const LANES = Number(process.env['CLIENT_LANES'] ?? 4)
let database: TestDatabase
let mongo: MongoClient
let service: ServiceProcess
let attemptMs: number

beforeAll(async () => {
  database = await testDatabase()
  mongo = await MongoClient.connect(database.uri)
  service = await startService({ script: 'start', port: await freePort(), env: { MONGO_URI: database.uri } })
}, 120_000)
afterAll(async () => {
  await endService(service)
  await mongo?.close()
  await database?.drop()
})

const shownBy = async (url: string): Promise<number> => {
  const response = await fetch(`${url}/api/v1/users?page_size=1`)
  await response.arrayBuffer()
  return Number(response.headers.get('x-total-count'))
}

it('runs through a good network without a retry, and leaves nothing', async () => {
  const report = await runScenario({ client: { baseUrl: service.url }, runId: 'good', users: RUN_USERS })

  expect(broken(report)).toEqual([])
  expect(report).toMatchObject({ ok: true, cleanedUp: 0 })
  expect(report.steps.map(({ name, retries }) => [name, retries])).toEqual(report.steps.map(({ name }) => [name, 0]))
  expect(await shownBy(service.url)).toBe(0)
  expect(await keptOf(mongo.db(), 'good')).toEqual(wholeLives(1, 'good'))
  attemptMs = attemptMsBy(report, LANES)
})

/** Returns how often something was sent again. */
async function runAndLook(seed: number): Promise<number> {
  const report = await runThroughFaults(service.url, seed, attemptMs)
  expect({ seed, broken: broken(report) }).toEqual({ seed, broken: [] })
  expect({ seed, ...(await keptOf(mongo.db(), report.runId)) }).toEqual({ seed, ...wholeLives(seed, report.runId) })
  return report.steps.reduce((sum, step) => sum + step.retries, 0)
}

it(
  `keeps every promise over ${RUNS} runs in which one request in five fails`,
  async () => {
    let next = FIRST_SEED
    let retries = 0
    const lane = async () => {
      while (next < FIRST_SEED + RUNS) retries += await runAndLook(next++)
    }
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))

    expect(lanes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))).toEqual([])
    expect(retries).toBeGreaterThan(RUNS)
    expect(await shownBy(service.url)).toBe(0)
  },
  RUNS * RUN_MS,
)
