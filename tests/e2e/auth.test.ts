import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { decodeProtectedHeader } from 'jose'
import { PROJECT } from '../support/child-process'
import { freePort } from '../support/free-port'
import { KeptConnections } from '../support/kept-connections'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killTree, startService, until, untilEnded } from '../support/service-process'

const KEY = 'k'.repeat(40)
const PASSWORD = 'Password@123'
const WORKERS = 2
/** Kept connections: with so many each worker has some. */
const CONNECTIONS = 12
const ACTS_WITHIN_MS = 1_000
const START_MS = 120_000

let dataDir: string
let env: Record<string, string>
let port: number
let service: ServiceProcess
let kept: KeptConnections | undefined

/** @param over which of the kept connections. */
const send = (over: number, method: string, path: string, token?: string, body?: unknown) =>
  kept!.send(over, method, path, { token, body })

const everywhere = <T>(call: (over: number) => Promise<T>) => kept!.everywhere(call)
const statuses = async (path: string, token: string) =>
  (await everywhere((over) => send(over, 'GET', path, token))).map(({ status }) => status)

/** Every worker answers so on every connection, at the latest a second after the change was answered. */
async function actsEverywhere(path: string, token: string, status: number, changedAt: number): Promise<void> {
  await until(
    async () => (await statuses(path, token)).every((each) => each === status),
    changedAt + ACTS_WITHIN_MS - performance.now(),
    () => `${path} is not ${status} everywhere within ${ACTS_WITHIN_MS} ms`,
  )
}

let count = 0
async function newSession(roles: readonly string[] = ['CLIENT']) {
  const email = `user.${Date.now()}.${++count}@example.com`
  const created = await send(0, 'POST', '/users', KEY, { name: 'John', email, password: PASSWORD, roles })
  expect(created.status).toBe(201)
  const login = await send(1, 'POST', '/auth/login', undefined, { email, password: PASSWORD })
  expect(login.status).toBe(200)
  const { access_token: token, refresh_token: refreshToken, session_id: sessionId } = login.data
  const session = { id: String(created.data.id), email, token, refreshToken, sessionId }
  // From here on it is in the memory of every worker.
  expect(new Set(await statuses('/auth/me', token))).toEqual(new Set([200]))
  return session
}

async function start(): Promise<void> {
  service = await startService({ script: 'start:cluster', port, env })
  await until(
    () => [...service.output().matchAll(/App \[rollcall:\d+\] online/g)].length === WORKERS,
    START_MS,
    () => service.output(),
  )
  kept = new KeptConnections(port, CONNECTIONS)
}

async function stop(): Promise<void> {
  kept?.close()
  const pids = [service.child.pid!, ...descendants(service.child.pid!).map(({ pid }) => pid)]
  service.child.kill('SIGTERM')
  await untilEnded(pids, 60_000)
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-auth-'))
  port = await freePort()
  env = {
    AUTH_MODE: 'required',
    BOOTSTRAP_API_KEY: KEY,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    MONGO_ENGINE_PORT: String(await freePort()),
    WORKERS: String(WORKERS),
  }
  await start()
}, START_MS * 2)

afterAll(async () => {
  if (!service) return
  kept?.close()
  killTree(service)
  await rm(dataDir, { recursive: true, force: true })
})

/** How many connections to the service's port this process holds, as Linux tells it. */
function connectionsOf(pid: number): number {
  const established = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) => state === '01' && local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`),
    )
  const sockets = new Set(established.map((columns) => `socket:[${columns[9]}]`))
  const linkOf = (fd: string) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return '' // closed meanwhile
    }
  }
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => sockets.has(linkOf(fd))).length
}

it('the connections reach every worker', async () => {
  await statuses('/ping', KEY)
  const workers = descendants(service.child.pid!).filter(({ command }) => command.includes('dist/main.js'))
  expect(workers).toHaveLength(WORKERS)
  for (const { pid } of workers) expect(connectionsOf(pid)).toBeGreaterThan(0)
})

describe('on every worker within a second', () => {
  test('a log-out ends the session', async () => {
    const { token } = await newSession()
    expect((await send(2, 'POST', '/auth/logout', token)).status).toBe(204)
    await actsEverywhere('/auth/me', token, 401, performance.now())
  })

  test.each([
    ['disabling', (id: string) => send(0, 'PATCH', `/users/${id}`, KEY, { is_active: false })],
    ['another password', (id: string) => send(0, 'PUT', `/users/${id}/password`, KEY, { password: 'Changed@123' })],
    ['deletion', (id: string) => send(0, 'DELETE', `/users/${id}`, KEY)],
    ['the end of all its sessions', (id: string) => send(0, 'DELETE', `/users/${id}/sessions`, KEY)],
  ])('%s ends a person’s sessions', async (_, change) => {
    const { id, token } = await newSession()
    expect((await change(id)).status).toBeLessThan(300)
    await actsEverywhere('/auth/me', token, 401, performance.now())
  })

  test('demotion takes what the role gave', async () => {
    const { id, token } = await newSession(['ADMIN', 'CLIENT'])
    const other = await newSession(['ADMIN'])
    expect(new Set(await statuses('/users?page_size=1', token))).toEqual(new Set([200]))
    expect((await send(3, 'DELETE', `/users/${id}/roles/ADMIN`, KEY)).status).toBe(204)
    await actsEverywhere('/users?page_size=1', token, 403, performance.now())
    expect(new Set(await statuses('/users?page_size=1', other.token))).toEqual(new Set([200]))
  })

  test('a role lets its holders do what it says now', async () => {
    const name = `ROLE_${++count}`
    expect((await send(0, 'POST', '/roles', KEY, { name, permissions: [] })).status).toBe(201)
    const { token } = await newSession([name])
    const allow = (permissions: readonly string[]) => send(0, 'PATCH', `/roles/${name}`, KEY, { permissions })
    expect((await allow(['users:read'])).status).toBe(200)
    await actsEverywhere('/users?page_size=1', token, 200, performance.now())
    expect((await allow([])).status).toBe(200)
    await actsEverywhere('/users?page_size=1', token, 403, performance.now())
  })

  test('the own new password ends the other sessions, and this one goes on', async () => {
    const one = await newSession()
    const login = await send(4, 'POST', '/auth/login', undefined, { email: one.email, password: PASSWORD })
    const other = login.data.access_token
    expect(new Set(await statuses('/auth/me', other))).toEqual(new Set([200]))
    const body = { password: 'Changed@123', current_password: PASSWORD }
    expect((await send(5, 'PUT', `/users/${one.id}/password`, one.token, body)).status).toBe(200)
    const changedAt = performance.now()
    await actsEverywhere('/auth/me', other, 401, changedAt)
    await actsEverywhere('/auth/me', one.token, 200, changedAt)
    await sleep(ACTS_WITHIN_MS)
    expect(new Set(await statuses('/auth/me', one.token))).toEqual(new Set([200]))
  })
})

describe('refresh tokens', () => {
  const refresh = (over: number, token: string) =>
    send(over, 'POST', '/auth/refresh', undefined, { refresh_token: token })

  test('20 at once, over both workers, give one successor', async () => {
    const { refreshToken, sessionId } = await newSession()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => refresh(n % CONNECTIONS, refreshToken)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(new Set(answers.map(({ data }) => data.refresh_token)).size).toBe(1)
    expect(new Set(answers.map(({ data }) => data.session_id))).toEqual(new Set([sessionId]))
  })

  test('a replay ends everything that the session had', async () => {
    const { refreshToken, token } = await newSession()
    const second = (await refresh(0, refreshToken)).data
    const third = (await refresh(1, second.refresh_token)).data
    expect(new Set(await statuses('/auth/me', third.access_token))).toEqual(new Set([200]))
    await sleep(10_100) // the grace, by the service's own clock
    expect((await refresh(2, refreshToken)).status).toBe(401)
    const replayedAt = performance.now()
    for (const each of [token, second.access_token, third.access_token]) {
      await actsEverywhere('/auth/me', each, 401, replayedAt)
    }
    expect((await everywhere((over) => refresh(over, third.refresh_token))).map(({ status }) => status)).toEqual(
      Array(CONNECTIONS).fill(401),
    )
  }, 60_000)
})

describe('signing keys', () => {
  const rotate = async (...args: string[]) => {
    const options = { cwd: PROJECT, env: { ...process.env, ...env, NODE_ENV: 'development', MONGO_URI: '' } }
    return (await promisify(execFile)(process.execPath, ['dist/cli/rotate-keys.js', ...args], options)).stdout
  }
  const published = async (over: number) => {
    const { body } = await send(over, 'GET', '/.well-known/jwks.json')
    return (body.keys as { kid: string }[]).map(({ kid }) => kid)
  }
  const kidOf = (token: string) => decodeProtectedHeader(token).kid

  test('a rotation changes nothing for those who are signed in', async () => {
    const before = await newSession()
    expect(await rotate('--now')).toMatch(/^Key \S+ signs from \S+; the keys before it retire at \S+\n$/)
    // A worker learns of the key as it learns of everything else.
    let after = await newSession()
    await until(
      async () => {
        after = await newSession()
        return kidOf(after.token) !== kidOf(before.token)
      },
      ACTS_WITHIN_MS,
      () => 'The new key does not sign',
    )
    expect(new Set(await statuses('/auth/me', before.token))).toEqual(new Set([200]))
    for (const keys of await everywhere(published)) {
      expect(keys).toEqual(expect.arrayContaining([kidOf(before.token), kidOf(after.token)]))
    }
  })

  test('a new key is published before it signs', async () => {
    const before = await newSession()
    const [, kid] = /^Key (\S+) /.exec(await rotate('--overlap-s', '3600')) ?? []
    await until(
      async () => (await everywhere(published)).every((keys) => keys.includes(kid!)),
      ACTS_WITHIN_MS,
      () => 'The new key is not published everywhere',
    )
    expect(kidOf((await newSession()).token)).toBe(kidOf(before.token))
  })

  test('a revoked key is good for nothing within a second; refresh tokens go on', async () => {
    const before = await newSession()
    expect(await rotate('--now', '--revoke')).toMatch(/the keys before it are revoked\n$/)
    await actsEverywhere('/auth/me', before.token, 401, performance.now())
    const next = await send(0, 'POST', '/auth/refresh', undefined, { refresh_token: before.refreshToken })
    expect(new Set(await statuses('/auth/me', next.data.access_token))).toEqual(new Set([200]))
    for (const keys of await everywhere(published)) expect(keys).toEqual([kidOf(next.data.access_token)])
  })

  test('the command says what is wrong with its arguments', async () => {
    await expect(rotate('--overlap-s', '-5')).rejects.toMatchObject({ code: 1 })
    await expect(rotate('--overlap', '5')).rejects.toMatchObject({ stderr: expect.stringContaining('Unknown option') })
    expect(await rotate('--help')).toContain('--revoke')
  })
})

test(
  'what ended stays so after a restart, and what lasted goes on',
  async () => {
    const [ended, disabled, lasting] = [await newSession(), await newSession(), await newSession()]
    expect((await send(0, 'POST', '/auth/logout', ended.token)).status).toBe(204)
    expect((await send(0, 'PATCH', `/users/${disabled.id}`, KEY, { is_active: false })).status).toBe(200)
    await stop()
    await start()
    expect(new Set(await statuses('/auth/me', lasting.token))).toEqual(new Set([200]))
    for (const { token, refreshToken } of [ended, disabled]) {
      expect(new Set(await statuses('/auth/me', token))).toEqual(new Set([401]))
      const refreshed = await send(0, 'POST', '/auth/refresh', undefined, { refresh_token: refreshToken })
      expect(refreshed.status).toBe(401)
    }
  },
  START_MS * 2,
)
