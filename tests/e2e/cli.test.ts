import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT } from '../../src/cli/exit-codes'
import { RollcallClient } from '../../src/client/index'
import { UserFactory } from '../../src/client/user-factory'
import { endService } from '../support/end-service'
import { type CliOptions, runCli } from '../support/run-cli'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'

let service: ServiceProcess
let client: RollcallClient
let home: string
const factory = new UserFactory()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rollcall-cli-'))
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
  client = new RollcallClient({ baseUrl: service.url })
}, 120_000)
afterAll(async () => {
  await client?.close()
  await endService(service)
  await rm(home, { recursive: true, force: true })
})

const cli = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, { cwd: home, ...options, env: { HOME: home, ROLLCALL_BASE_URL: service.url, ...options.env } })

describe('users', () => {
  it('are created, changed, shown and deleted', async () => {
    const created = await cli(['users', 'create', '--name', 'Ada', '--email', 'ada@example.com', '--json'])
    const { id } = JSON.parse(created.out)
    const updated = await cli(['users', 'update', id, '--age', '36', '--no-active', '--json'])
    const shown = await cli(['users', 'get', id])
    const deleted = await cli(['users', 'delete', id])

    expect(JSON.parse(updated.out)).toMatchObject({ id, name: 'Ada', age: 36, is_active: false })
    expect(shown.out).toMatch(/^e-?mail\s+ada@example\.com$/m)
    expect(deleted).toMatchObject({ code: EXIT.ok, out: `Deleted ${id}\n` })
    await expect(client.users.get(id)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  })

  it('are listed as a table, and to the end as JSON', async () => {
    const users = await Promise.all(factory.createMany(3).map((user) => client.users.create(user)))
    const table = await cli(['users', 'list', '--search', factory.runId, '--limit', '2'])
    const json = await cli(['users', 'list', '--search', factory.runId, '--all', '--json'])

    expect(table.out.split('\n')[0]).toMatch(/^ID +NAME +EMAIL +AGE +IS ACTIVE +ROLES +VERSION$/)
    expect(table.out.trim().split('\n')).toHaveLength(3)
    expect(table.err).toContain('There are more')
    expect(
      JSON.parse(json.out)
        .map(({ id }: { id: string }) => id)
        .sort(),
    ).toEqual(users.map(({ id }) => id).sort())
  })
})

describe('the exit code says what happened', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    ['no such user', ['users', 'get', 'nobody'], EXIT.notFound, /USER_NOT_FOUND/],
    ['refused', ['users', 'create', '--name', '', '--email', 'x'], EXIT.refused, /name is not allowed.*valid email/],
    ['no such command', ['users', 'lst'], EXIT.usage, /Did you mean list\?/],
    ['not a number', ['users', 'list', '--limit', 'x'], EXIT.usage, /whole number/],
    ['nothing to change', ['users', 'update', 'nobody'], EXIT.usage, /Say what to change/],
    ['no such profile', ['--profile', 'none', 'users', 'list'], EXIT.usage, /profile none has no file/],
  ])('%s', async (_, args, code, message) => {
    const result = await cli(args)

    expect(result).toMatchObject({ code, out: '' })
    expect(result.err).toMatch(message)
  })

  it('nobody listens', async () => {
    const env = { ROLLCALL_BASE_URL: `http://127.0.0.1:${await freePort()}`, ROLLCALL_RETRIES: '0' }
    const list = await cli(['users', 'list'], { env })
    const doctor = await cli(['doctor'], { env })

    expect(list).toMatchObject({ code: EXIT.unavailable, err: expect.stringContaining('ECONNREFUSED') })
    expect(doctor).toMatchObject({ code: EXIT.broken, out: expect.stringContaining('start it with `rollcall serve`') })
  })
})

it('doctor finds a service that is well', async () => {
  const { code, out } = await cli(['doctor', '--json'])

  expect(code).toBe(EXIT.ok)
  expect(JSON.parse(out).map(({ check, ok }: { check: string; ok: boolean }) => [check, ok])).toEqual(
    ['node', 'settings', 'service', 'database', 'clock', 'rights'].map((check) => [check, true]),
  )
})

describe('scenario', () => {
  it('reports every step', async () => {
    const { code, out } = await cli(['scenario', '--users', '2', '--json'])

    expect(code).toBe(EXIT.ok)
    expect(JSON.parse(out)).toMatchObject({ ok: true, cleanedUp: 0 })
  })

  it('takes away what it made when it is interrupted', async () => {
    const before = (await client.users.list()).total
    const { code, out } = await cli(['scenario', '--users', '30'], {
      with: (child, output) =>
        child.stdout!.on('data', () => {
          // Its users are there now, and most of its steps are still to come.
          if (output().includes('create')) child.kill('SIGINT') // more than once: that is how npm and a terminal do it
        }),
    })

    expect(code).toBe(EXIT.interrupted)
    expect(out).not.toContain('confirm')
    expect((await client.users.list()).total).toBe(before)
  })
})

describe('login', () => {
  let server: Server
  let seen: { url: string; authorization: string | undefined; body: string }[]
  beforeEach(async () => {
    seen = []
    server = createServer((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString()))
      req.on('end', () => {
        seen.push({ url: req.url!, authorization: req.headers.authorization, body })
        const data = {
          access_token: 'eyJh.first.sig',
          refresh_token: 'rcr_refreshsecret',
          user: { email: 'ada@example.com' },
        }
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify({ data, message: 'Signed in', status_code: 200 }))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => void server.close().closeAllConnections())

  it('keeps the session in a file that its owner alone can read, and uses it from then on', async () => {
    const env = { ROLLCALL_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    const login = await cli(['login', 'ada@example.com', '--password-stdin'], { env, input: 'Password@123\n' })
    const file = join(home, '.config/rollcall/sessions.json')
    await cli(['--verbose', 'whoami'], { env })

    expect(login).toMatchObject({ code: EXIT.ok, out: 'Logged in as ada@example.com\n', err: '' })
    expect(JSON.parse(seen[0]!.body)).toEqual({ email: 'ada@example.com', password: 'Password@123' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty([env.ROLLCALL_BASE_URL, 'refreshToken'])
    expect(seen[1]).toMatchObject({ url: '/api/v1/auth/me', authorization: 'Bearer eyJh.first.sig' })
  })
})

it('every command has help, and those with options have an example', async () => {
  const top = await cli(['--help'])
  expect(top.code).toBe(EXIT.ok)
  for (const command of ['users list', 'users create', 'roles create', 'login', 'scenario', 'serve', 'mongo']) {
    const { code, out } = await cli([...command.split(' '), '--help'])
    expect({ command, code }).toEqual({ command, code: EXIT.ok })
    expect(out).toMatch(/Examples?:\n {2}\$ |\$ /)
  }
}, 120_000)
