import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killGroup, startService, untilEnded } from '../support/service-process'

const START_MS = 90_000
const END_MS = 30_000
const CALLS = 20
const PASSWORD = 'Password@123'

let dataDir: string
let port: number
let service: ServiceProcess

/** As in production on one machine: workers on every address, the embedded engine, nothing configured. */
async function start(): Promise<void> {
  service = await startService({
    script: 'start:cluster',
    port,
    env: {
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      WORKERS: '2',
      DATA_DIR: dataDir,
      MONGO_ENGINE_PORT: String(await freePort()),
      DRAIN_MS: '100',
    },
  })
  await workersListen()
}

/** `startService` waits for the first worker alone. */
async function workersListen(): Promise<void> {
  const end = Date.now() + START_MS
  while (service.output().match(/App \[rollcall:\d+\] online/g)?.length !== 2) {
    if (Date.now() > end) throw new Error(service.output())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function stop(): Promise<void> {
  const pids = descendants(service.child.pid!).map(({ pid }) => pid)
  killGroup(service, 'SIGTERM')
  await untilEnded(pids, END_MS)
}

const tokens = () => [...service.output().matchAll(/\/setup\?token=([\w-]+)/g)].map(([, token]) => token!)

interface Answer {
  readonly status: number
  readonly body: { readonly data: { readonly code?: string; readonly email: string; readonly access_token: string } }
}

async function post(path: string, body: object): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Connection: 'close' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-first-'))
  port = await freePort()
})

afterAll(async () => {
  killGroup(service, 'SIGKILL')
  await rm(dataDir, { recursive: true, force: true })
})

it(
  'the first start prints one set-up link, and every other call needs credentials',
  async () => {
    await start()

    expect(tokens()).toHaveLength(1)
    expect(service.output()).toContain(`http://localhost:${port}/setup?token=`)
    expect((await fetch(`${service.url}/users`)).status).toBe(401)
    expect((await fetch(`${service.url}/ping`)).status).toBe(200)
    expect((await fetch(`${service.url}/setup`)).headers.get('set-cookie')).toBeNull()
  },
  START_MS,
)

it('keeps a key of its own beside the data, for the owner alone', async () => {
  const { mode } = await stat(join(dataDir, 'encryption.key'))

  expect(mode & 0o777).toBe(0o600)
  expect(await readFile(join(dataDir, 'encryption.key'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
})

it(
  'a restart prints a new link, and the old one is worth nothing',
  async () => {
    const [old] = tokens()
    await stop()
    await start()
    const [present, ...more] = tokens()

    expect(more).toEqual([])
    expect(present).not.toBe(old)
    const body = { token: old, name: 'Jane', email: 'jane@example.com', password: PASSWORD }
    expect((await post('/auth/setup', body)).body.data.code).toBe('TOKEN_INVALID')
  },
  2 * START_MS,
)

it(
  'of 20 calls on both workers one makes the administrator, who logs in; later starts print nothing',
  async () => {
    const [token] = tokens()
    const answers = await Promise.all(
      Array.from({ length: CALLS }, (_, n) =>
        post('/auth/setup', { token, name: 'Jane', email: `admin.${n}@example.com`, password: PASSWORD }),
      ),
    )
    const made = answers.filter(({ status }) => status === 201)
    const email = made[0]?.body.data.email
    const login = await post('/auth/login', { email, password: PASSWORD })
    const headers = { Authorization: `Bearer ${login.body.data.access_token}` }
    const users = (await (await fetch(`${service.url}/users`, { headers })).json()) as {
      readonly data: readonly { readonly email: string }[]
    }

    expect(made).toHaveLength(1)
    expect(login.status).toBe(200)
    expect(users.data.map((user) => user.email)).toEqual([email])

    await stop()
    await start()
    expect(tokens()).toEqual([])
    // The keys that sign tokens lie in the database, encrypted with the key of the data folder.
    expect((await fetch(`${service.url}/users`, { headers })).status).toBe(200)
  },
  2 * START_MS,
)
