import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killGroup, startService, until, untilEnded } from '../support/service-process'

const OPERATOR = 'k'.repeat(40)
const PASSWORD = 'Password@123'
const WORKERS = 2
/** Connections that stay open: with so many each worker has some, and each of them stays with its worker. */
const CONNECTIONS = 12
const ACTS_WITHIN_MS = 1_000
const START_MS = 120_000

let dataDir: string
let port: number
let service: ServiceProcess
let agents: Agent[] = []
let made = 0

interface Answer {
  readonly status: number
  readonly data: any // eslint-disable-line @typescript-eslint/no-explicit-any -- as supertest has it
}

/** @param over which of the open connections. */
function send(over: number, method: string, path: string, token: string, body?: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent: agents[over]!, path, method, headers }, (response) => {
      let text = ''
      const told = () => resolve({ status: response.statusCode ?? 0, data: text === '' ? null : JSON.parse(text).data })
      response
        .on('error', reject)
        .on('data', (chunk: Buffer) => (text += chunk.toString()))
        .on('end', told)
    })
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const everywhere = <T>(call: (over: number) => Promise<T>) => Promise.all(agents.map((_, over) => call(over)))
const statuses = async (key: string) =>
  (await everywhere((over) => send(over, 'GET', '/users', key))).map(({ status }) => status)

/** From the moment at which the change was answered. */
async function actsEverywhere(key: string, status: number): Promise<void> {
  const asWanted = async () => (await statuses(key)).every((each) => each === status)
  await until(asWanted, ACTS_WITHIN_MS, () => `${status} is not everywhere within ${ACTS_WITHIN_MS} ms`)
}

/** Somebody with this role, and a key of its own that every worker has in memory. */
async function maker(role: string) {
  const email = `maker${(made += 1)}@example.com`
  const user = await send(0, 'POST', '/users', OPERATOR, { name: 'Maker', email, password: PASSWORD, roles: [role] })
  const login = await send(1, 'POST', '/auth/login', 'none', { email, password: PASSWORD })
  const token = String(login.data.access_token)
  const key = await send(2, 'POST', '/auth/api-keys', token, { name: 'Key', permissions: ['users:read'] })
  expect([user.status, login.status, key.status]).toEqual([201, 200, 201])
  // Once to read it, and once more from memory.
  for (let asked = 0; asked < 2; asked += 1) {
    expect(new Set(await statuses(key.data.key))).toEqual(new Set([200]))
  }
  return { id: String(user.data.id), token, keyId: String(key.data.id), key: String(key.data.key) }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-keys-'))
  port = await freePort()
  const env = {
    AUTH_MODE: 'required',
    BOOTSTRAP_API_KEY: OPERATOR,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    MONGO_ENGINE_PORT: String(await freePort()),
    WORKERS: String(WORKERS),
  }
  service = await startService({ script: 'start:cluster', port, env })
  const online = () => [...service.output().matchAll(/App \[rollcall:\d+\] online/g)].length === WORKERS
  await until(online, START_MS, () => service.output())
  agents = Array.from({ length: CONNECTIONS }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  for (const name of ['READER', 'CHANGING']) {
    await send(0, 'POST', '/roles', OPERATOR, { name, permissions: ['users:read'] })
  }
}, START_MS * 2)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  if (service) {
    const pids = [service.child.pid!, ...descendants(service.child.pid!).map(({ pid }) => pid)]
    service.child.kill('SIGTERM')
    await untilEnded(pids, 60_000).catch(() => killGroup(service, 'SIGKILL'))
  }
  await rm(dataDir, { recursive: true, force: true })
}, START_MS)

test('a revoked key is refused by every worker', async () => {
  const { token, keyId, key } = await maker('READER')
  expect((await send(3, 'DELETE', `/auth/api-keys/${keyId}`, token)).status).toBe(204)
  await actsEverywhere(key, 401)
})

test('so is one whose maker is disabled or deleted', async () => {
  const disabled = await maker('READER')
  expect((await send(3, 'PATCH', `/users/${disabled.id}`, OPERATOR, { is_active: false })).status).toBe(200)
  await actsEverywhere(disabled.key, 401)
  const deleted = await maker('READER')
  expect((await send(4, 'DELETE', `/users/${deleted.id}`, OPERATOR)).status).toBe(204)
  await actsEverywhere(deleted.key, 401)
})

test('what a role carries, and who holds it, acts on every worker', async () => {
  const { id, key } = await maker('CHANGING')
  expect((await send(3, 'PATCH', '/roles/CHANGING', OPERATOR, { permissions: [] })).status).toBe(200)
  await actsEverywhere(key, 403)
  expect((await send(4, 'PATCH', '/roles/CHANGING', OPERATOR, { permissions: ['users:read'] })).status).toBe(200)
  await actsEverywhere(key, 200)
  expect((await send(5, 'PUT', `/users/${id}/roles`, OPERATOR, { roles: ['CLIENT'] })).status).toBe(200)
  await actsEverywhere(key, 403)
})

test('a hundred keys is the bound over all workers', async () => {
  const { token } = await maker('READER')
  const body = { name: 'Key', permissions: ['users:read'] }
  const outcomes: number[] = []
  while (outcomes.length < 120) {
    const answers = await everywhere((over) => send(over, 'POST', '/auth/api-keys', token, body))
    outcomes.push(...answers.map(({ status }) => status))
  }
  expect(outcomes.filter((status) => status === 201)).toHaveLength(99)
  expect(outcomes.filter((status) => status === 409)).toHaveLength(21)
})
