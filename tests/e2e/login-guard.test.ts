import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { killTree, type ServiceProcess, startService, until } from '../support/service-process'

const WORKERS = 2
const START_MS = 60_000
const KEY = 'k'.repeat(40)
const ATTEMPTS_MAX = 7
const RIGHT = 'Password@123'

let dataDir: string
let service: ServiceProcess

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(service.url + path, {
    method: 'POST',
    // A connection of its own: pm2 hands each new one to the next worker.
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  const data = text === '' ? undefined : JSON.parse(text).data
  return { status: response.status, data, code: data?.code as string | undefined, headers: response.headers }
}

const logIn = (email: string, password: string) => post('/auth/login', { email, password })

async function newUser(email: string): Promise<string> {
  const { status, data } = await post(
    '/users',
    { name: 'John Doe', email, password: RIGHT },
    { authorization: `Bearer ${KEY}` },
  )
  expect(status).toBe(201)
  return data.id
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-guard-'))
  const env = {
    AUTH_MODE: 'required',
    BOOTSTRAP_API_KEY: KEY,
    LOG_LEVEL: 'info',
    DATA_DIR: dataDir,
    WORKERS: String(WORKERS),
    MONGO_ENGINE_PORT: String(await freePort()),
    LOGIN_ATTEMPTS_MAX: String(ATTEMPTS_MAX),
    LOGIN_ADDRESS_ATTEMPTS_MAX: '100000',
  }
  service = await startService({ script: 'start:cluster', port: await freePort(), env })
  const online = () => [...service.output().matchAll(/App \[rollcall:\d+\] online/g)].length
  await until(
    () => online() === WORKERS,
    START_MS,
    () => service.output(),
  )
}, START_MS * 2)

afterAll(async () => {
  killTree(service)
  await rm(dataDir, { recursive: true, force: true })
})

it.each([
  ['of a user', 'john.doe@example.com'],
  ['that nobody has', 'nobody@example.com'],
])(
  '100 guesses at once at the account %s, over two workers: the allowed number is compared',
  async (_, email) => {
    if (email.startsWith('john')) await newUser(email)
    const answers = await Promise.all(Array.from({ length: 100 }, (__, n) => logIn(email, `Guess@${n}x`)))
    const outcomes = answers.map(({ status, code }) => `${status} ${code}`)
    expect(outcomes.filter((outcome) => outcome === '401 UNAUTHENTICATED')).toHaveLength(ATTEMPTS_MAX)
    expect(outcomes.filter((outcome) => outcome !== '401 UNAUTHENTICATED')).toEqual(
      Array(100 - ATTEMPTS_MAX).fill('429 ACCOUNT_LOCKED'),
    )
    // Every worker knows of the lock.
    const after = await Promise.all(Array.from({ length: 10 }, () => logIn(email, RIGHT)))
    expect(after.map(({ code }) => code)).toEqual(Array(10).fill('ACCOUNT_LOCKED'))
    expect(Number(after[0]!.headers.get('retry-after'))).toBeGreaterThan(30)
  },
  60_000,
)

it('unlocked through one worker, the account is free on all', async () => {
  const id = await newUser('jane.doe@example.com')
  for (let n = 0; n < ATTEMPTS_MAX; n++) await logIn('jane.doe@example.com', `Guess@${n}x`)
  expect((await logIn('jane.doe@example.com', RIGHT)).code).toBe('ACCOUNT_LOCKED')
  expect((await post(`/users/${id}/unlock`, undefined, { authorization: `Bearer ${KEY}` })).status).toBe(204)
  const answers = await Promise.all(Array.from({ length: 6 }, () => logIn('jane.doe@example.com', RIGHT)))
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
}, 60_000)
