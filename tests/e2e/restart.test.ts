import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { descendants } from '../support/process-tree'
import { type ServiceProcess, killGroup, startService, statusOf, until, untilEnded } from '../support/service-process'

const CLIENTS = 4
const CREATED_BEFORE_THE_KILL = 60
const END_MS = 20_000

type User = Record<string, unknown> & { id: string; email: string }

let dataDir: string
let port: number
let service: ServiceProcess | undefined
const start = async (...args: string[]) =>
  (service = await startService({ script: 'start', port, args, env: { DATA_DIR: dataDir, LOG_LEVEL: 'warn' } }))

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rollcall-restart-'))
  port = await freePort()
})

afterEach(async () => {
  if (service?.child.pid) {
    const pids = descendants(service.child.pid).map(({ pid }) => pid)
    killGroup(service, 'SIGKILL')
    await untilEnded(pids, END_MS)
  }
  await rm(dataDir, { recursive: true, force: true })
})

const bodyOf = (n: number) => ({
  name: `User ${n}`,
  email: `user${n}@example.com`,
  password: 'Password@123',
  age: 1 + (n % 150),
  metadata: { n, text: 'x'.repeat(n % 500) },
})

async function post(url: string, body: unknown) {
  const response = await fetch(`${url}/api/v1/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, data: ((await response.json()) as { data: User }).data }
}

/** Several clients create users, each until it gets no answer. Every user that was acknowledged is in the list. */
function createUntilItDies(url: string) {
  const acknowledged: User[] = []
  let sent = 0
  const client = async () => {
    for (;;) {
      const answer = await post(url, bodyOf(sent++)).catch(() => undefined)
      if (!answer) return
      if (answer.status === 201) acknowledged.push(answer.data)
    }
  }
  const ended = Promise.all(Array.from({ length: CLIENTS }, client))
  return { acknowledged, ended, sent: () => sent }
}

async function allUsers(url: string): Promise<User[]> {
  const found: User[] = []
  for (let cursor = ''; ;) {
    const response = await fetch(
      `${url}/api/v1/users?page_size=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    expect(response.status).toBe(200)
    found.push(...((await response.json()) as { data: User[] }).data)
    cursor = response.headers.get('x-next-cursor') ?? ''
    if (!cursor) return found
  }
}

/** Nothing that was acknowledged is lost, and what was not is there as a whole or not at all. */
async function expectWholeUsersOnly(url: string, acknowledged: readonly User[], sent: number) {
  const users = await allUsers(url)
  const byEmail = new Map(users.map((user) => [user.email, user]))
  expect(byEmail.size).toBe(users.length)
  for (const user of acknowledged) expect(byEmail.get(user.email)).toEqual(user)
  for (const user of users) {
    const { password: _, ...body } = bodyOf(Number(/\d+/.exec(user.email)?.[0]))
    expect(user).toMatchObject({ ...body, roles: ['CLIENT'], has_password: true, version: 1 })
    const response = await fetch(`${url}/api/v1/users/${user.id}`)
    expect(await response.json()).toMatchObject({ data: user })
  }
  // The unique index agrees with the users: it knows all of them, and nobody else.
  for (let n = 0; n < sent; n++) {
    const body = bodyOf(n)
    expect([n, (await post(url, body)).status]).toEqual([n, byEmail.has(body.email) ? 409 : 201])
  }
}

async function killInTheMiddle(kill: (service: ServiceProcess) => void) {
  const first = await start()
  const pids = [first.child.pid!, ...descendants(first.child.pid!).map(({ pid }) => pid)]
  const load = createUntilItDies(first.url)
  await until(
    () => load.acknowledged.length >= CREATED_BEFORE_THE_KILL,
    END_MS,
    () => `only ${load.acknowledged.length} created\n${first.output()}`,
  )
  kill(first)
  await load.ended
  await untilEnded(pids, END_MS)
  const second = await start()
  await expectWholeUsersOnly(second.url, load.acknowledged, load.sent())
}

it('SIGKILL of npm and all its processes loses no acknowledged user', async () => {
  await killInTheMiddle((first) => killGroup(first, 'SIGKILL'))
}, 120_000)

it('SIGKILL of npm alone ends the service, and loses no acknowledged user', async () => {
  await killInTheMiddle(({ child }) => child.kill('SIGKILL'))
}, 120_000)

it('--in-memory keeps nothing', async () => {
  const first = await start('--in-memory')
  const pids = [first.child.pid!, ...descendants(first.child.pid!).map(({ pid }) => pid)]
  expect((await post(first.url, bodyOf(1))).status).toBe(201)
  expect(await allUsers(first.url)).toHaveLength(1)
  first.child.kill('SIGTERM')
  await untilEnded(pids, END_MS)
  expect(await statusOf(`${first.url}/ping`)).toBeUndefined()

  const second = await start('--in-memory')
  expect(await allUsers(second.url)).toEqual([])
}, 120_000)
