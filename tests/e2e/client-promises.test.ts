import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT } from '../../src/cli/exit-codes'
import { RollcallClient } from '../../src/client/index'
import { runScenario } from '../../src/client/scenario'
import { UserFactory } from '../../src/client/user-factory'
import { endService } from '../support/end-service'
import { type Fault, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import {
  type Asked,
  envelope,
  HONEST,
  type Lie,
  type LyingProxy,
  startLyingProxy,
  withData,
} from '../support/lying-proxy'
import { startPlainUsersServer } from '../support/plain-users-server'
import { runCli } from '../support/run-cli'
import { type ServiceProcess, startService } from '../support/service-process'

/** Whatever breaks a promise for so long breaks it. Honest answers need none of it. */
const DEADLINE_MS = 200

let service: ServiceProcess
let proxy: LyingProxy
let direct: RollcallClient
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rollcall-promises-'))
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
  proxy = await startLyingProxy(service.url)
  direct = new RollcallClient({ baseUrl: service.url })
}, 120_000)
afterAll(async () => {
  await direct?.close()
  await proxy?.stop()
  await endService(service)
  await rm(home, { recursive: true, force: true })
})

async function left() {
  const [users, roles] = await Promise.all([
    direct.users.list({ q: '@users.example' }),
    direct.roles.list({ q: 'RUN_' }),
  ])
  return { users: users.items.map(({ email }) => email), roles: roles.items.map(({ name }) => name) }
}
const NOTHING = { users: [], roles: [] }

const isList = ({ method, url }: Asked) => method === 'GET' && url.pathname === '/api/v1/users'
const isUser = ({ method, url }: Asked, wanted: string) =>
  method === wanted && /^\/api\/v1\/users\/\w+$/.test(url.pathname)

interface Shown {
  readonly id: string
  readonly version: number
  readonly email: string
}

/** Answers the second request for the same e-mail as if it were the first. */
function twice(): Lie {
  const first = new Map<string, unknown>()
  return async (asked, ask) => {
    if (asked.method !== 'POST' || asked.url.pathname !== '/api/v1/users') return ask()
    const { email } = JSON.parse(asked.body) as Shown
    if (first.has(email)) return envelope(201, first.get(email))
    const told = await ask()
    first.set(email, (JSON.parse(told.body) as { data: unknown }).data)
    return told
  }
}

const LIES: readonly [string, string, Lie][] = [
  [
    'creates another user beside the one that it was asked for',
    'list',
    async (asked, ask) => {
      if (asked.method === 'POST' && asked.url.pathname === '/api/v1/users') {
        const { email, ...user } = JSON.parse(asked.body) as Shown
        const { 'idempotency-key': _, ...headers } = asked.headers
        await ask({ headers, body: JSON.stringify({ ...user, email: `again.${email}` }) })
      }
      return ask()
    },
  ],
  ['takes an e-mail twice', 'refuse a second', twice()],
  [
    'reads somebody else',
    'read',
    async (asked, ask) => {
      const told = await ask()
      return isUser(asked, 'GET') ? withData(told, (user: Shown) => ({ ...user, name: 'Somebody Else' })) : told
    },
  ],
  [
    'lists a user twice',
    'list',
    async (asked, ask) => {
      const told = await ask()
      const isWalk = isList(asked) && asked.url.searchParams.get('page_size') === '2'
      return isWalk ? withData(told, ([one, ...others]: Shown[]) => [one, ...others.map(() => one)]) : told
    },
  ],
  [
    'lists a user too few',
    'list',
    async (asked, ask) => {
      const told = await ask()
      const isWalk = isList(asked) && asked.url.searchParams.get('page_size') === '2'
      return isWalk ? withData(told, (users: Shown[]) => users.slice(1)) : told
    },
  ],
  [
    'does not filter',
    'filter',
    (asked, ask) => {
      if (!isList(asked) || !asked.url.searchParams.get('filter')?.includes('age')) return ask()
      asked.url.searchParams.delete('filter')
      return ask({ target: asked.url.pathname + asked.url.search })
    },
  ],
  [
    'accepts an update, and forgets it',
    'update',
    async (asked, ask) => {
      if (!isUser(asked, 'PATCH')) return ask()
      const told = await ask({ method: 'GET', body: '' })
      return withData(told, (user: Shown) => ({ ...user, ...JSON.parse(asked.body), version: user.version + 1 }))
    },
  ],
  [
    'overwrites what it was told not to',
    'update',
    (asked, ask) => {
      const { 'if-match': _, ...headers } = asked.headers
      return ask({ headers })
    },
  ],
  [
    'says that it moved the e-mail, and did not',
    'e-mail',
    async (asked, ask) => {
      if (!asked.url.pathname.endsWith('/email')) return ask()
      const told = await ask({ method: 'GET', target: asked.target.replace('/email', ''), body: '' })
      return withData(told, (user: Shown) => ({ ...user, ...JSON.parse(asked.body), version: user.version + 1 }))
    },
  ],
  [
    'gives a role, and does not keep it',
    'roles',
    (asked, ask) =>
      asked.method === 'POST' && asked.url.pathname.endsWith('/roles') && asked.url.pathname.includes('/users/')
        ? Promise.resolve(envelope(200, []))
        : ask(),
  ],
  [
    'says that it deleted, and did not',
    'delete',
    (asked, ask) => (isUser(asked, 'DELETE') ? Promise.resolve({ status: 204, headers: {}, body: '' }) : ask()),
  ],
]

describe('a scenario ends at the first broken promise, and leaves nothing, where the service', () => {
  beforeAll(async () => {
    await direct.users.create({ name: 'Not of any run', email: 'outsider@example.com' })
  })

  it.each(LIES)('%s', async (_, step, lie) => {
    proxy.lie = lie
    const report = await runScenario({
      client: { baseUrl: proxy.url },
      users: 3,
      confirm: { deadlineMs: DEADLINE_MS },
      onStep: ({ error }) => {
        // What it says of the end shall be true.
        if (error !== undefined) proxy.lie = HONEST
      },
    })

    const broken = report.steps.filter(({ error }) => error !== undefined)
    expect(broken.map(({ name, error }) => [name, String(error)])).toEqual([[step, expect.any(String)]])
    expect(['BrokenPromiseError', 'NotConfirmedError', 'IncompleteListError']).toContain(
      (broken[0]!.error as Error).name,
    )
    expect(report).toMatchObject({
      ok: false,
      steps: expect.arrayContaining([expect.objectContaining({ name: 'clean up' })]),
    })
    expect(report.cleanedUp).toBeGreaterThan(0)
    expect(await left()).toEqual(NOTHING)
  })
})

const cli = (args: readonly string[], baseUrl: string, onStart?: (child: ChildProcess) => void) =>
  runCli(args, { cwd: home, env: { HOME: home, ROLLCALL_BASE_URL: baseUrl }, ...(onStart ? { with: onStart } : {}) })

describe('rollcall scenario', () => {
  it('tells the broken promise, and exits with 7', async () => {
    proxy.lie = twice()
    const { code, out, err } = await cli(['scenario', '--users', '2'], proxy.url)

    expect(code).toBe(EXIT.broken)
    expect(out).toMatch(/^create .*\nrefuse a second .*\n.*An e-mail address is refused when it is taken\nclean up /m)
    expect(err).toContain('The scenario failed')
    expect(await left()).toEqual(NOTHING)
  })

  it('goes through a service of another kind, and says what it skips', async () => {
    const other = await startPlainUsersServer('/v1/people')
    const { code, out } = await cli(['scenario', '--users', '2', '--plain', '--resource-path', '/v1/people'], other.url)
    await other.stop()

    expect(code).toBe(EXIT.ok)
    expect(out).toMatch(/^roles +skipped: such a service has none$/m)
    expect(other.users.size).toBe(0)
  })

  // By requests, not by time: each moment is a moment of the run on any machine.
  it.each<[number, Fault]>([
    [1, 'none'],
    [4, 'none'],
    [9, 'late'],
    [20, 'none'],
    [33, 'black-hole'],
    [45, 'none'],
  ])('leaves nothing when it is interrupted at request %d (%s)', async (moment, fault) => {
    const network = await startFaultyProxy(service.url)
    let running: ChildProcess | undefined
    network.plan = () => {
      if (network.seen.length !== moment) return 'none'
      running?.kill('SIGINT')
      return fault
    }
    const { code, err } = await cli(['scenario', '--users', '4'], network.url, (child) => (running = child))
    await network.stop()

    expect(code).toBe(EXIT.interrupted)
    expect(err).toContain('Interrupted')
    expect(await left()).toEqual(NOTHING)
  })
})

it('a factory and a direct client see each other', async () => {
  // What `left` looks at is what runs leave: a user of a factory is seen there.
  const user = await direct.users.create(new UserFactory().create())
  expect(await left()).toEqual({ users: [user.email], roles: [] })
  await direct.users.delete(user.id)
})
