import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
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

// Every call is a process of its own, and some tests make ten of them.
jest.setTimeout(120_000)

let service: ServiceProcess
let client: RollcallClient
let home: string
let enginePort: number
const factory = new UserFactory()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rollcall-cli-'))
  enginePort = await freePort()
  const env = { MONGO_ENGINE_PORT: String(enginePort) }
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'], env })
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
    const restored = await cli(['users', 'restore', id, '--json'])
    const roles = await cli(['roles', 'of', id])
    const exported = await cli(['users', 'export', id, '--output', 'ada.json', '--json'])
    await cli(['users', 'delete', id])
    const purged = await cli(['users', 'purge', id, '--yes', '--json'])

    expect(JSON.parse(updated.out)).toMatchObject({ id, name: 'Ada', age: 36, is_active: false })
    expect(shown.out).toMatch(/^e-?mail\s+ada@example\.com$/m)
    expect(deleted).toMatchObject({ code: EXIT.ok, out: `Deleted ${id}\n` })
    expect(JSON.parse(restored.out)).toEqual({ restored: [id], failed: [] })
    expect(roles.out).toMatch(/^ROLE +GRANTED +EXPIRES\nCLIENT +\S+ +-\n$/)
    expect(JSON.parse(exported.out)).toEqual({ path: 'ada.json' })
    expect(JSON.parse(await readFile(join(home, 'ada.json'), 'utf8'))).toMatchObject({ user: { id, name: 'Ada' } })
    expect((await stat(join(home, 'ada.json'))).mode & 0o777).toBe(0o600)
    expect(JSON.parse(purged.out)).toEqual({ purged: [id], failed: [] })
    await expect(client.users.restore(id)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  })

  it('are deleted by a filter, when somebody is sure', async () => {
    const name = `Filtered ${factory.runId}`
    const made = await Promise.all(factory.createMany(12, { name }).map((user) => client.users.create(user)))
    const args = ['users', 'delete', '--filter', `name eq "${name}"`]
    const unsure = await cli(args)
    const left = (await client.users.list({ name })).total
    const sure = await cli([...args, '--yes', '--json'])

    expect(unsure).toMatchObject({ code: EXIT.usage, out: '', err: expect.stringContaining('Say --yes') })
    expect(left).toBe(12)
    expect(sure.code).toBe(EXIT.ok)
    expect(JSON.parse(sure.out).deleted.sort()).toEqual(made.map(({ id }) => id).sort())
    expect((await client.users.list({ name })).total).toBe(0)
  })

  it('tell what was done when not everything was', async () => {
    const [one, other] = await Promise.all(factory.createMany(2).map((user) => client.users.create(user)))
    const { code, out, err } = await cli(['users', 'delete', one!.id, 'nobody', other!.id])

    expect(code).toBe(EXIT.notFound)
    expect(out.trim().split('\n').sort()).toEqual([`Deleted ${one!.id}`, `Deleted ${other!.id}`].sort())
    expect(err).toMatch(/Deleted 2 of 3 users\n.*USER_NOT_FOUND/)
  })

  it('are listed as a table, and to the end as JSON', async () => {
    const users = await Promise.all(factory.createMany(3).map((user) => client.users.create(user)))
    const table = await cli(['users', 'list', '--search', factory.runId, '--limit', '2'])
    const json = await cli(['users', 'list', '--search', factory.runId, '--all', '--json'])

    expect(table.out.split('\n')[0]).toMatch(/^ID +NAME +EMAIL +ROLES +ACTIVE +AGE +VERSION$/)
    expect(table.out.trim().split('\n')).toHaveLength(3)
    expect(table.err).toContain('There are more')
    expect(
      JSON.parse(json.out)
        .map(({ id }: { id: string }) => id)
        .sort(),
    ).toEqual(users.map(({ id }) => id).sort())
  })
})

describe('import', () => {
  const users = () => factory.createMany(40).map((user) => JSON.stringify(user))
  const write = (lines: readonly string[]) => writeFile(join(home, 'people.ndjson'), lines.join('\n'))

  it('creates who can be created, and tells which lines were refused and why', async () => {
    const [first, second] = users()
    await write([first!, 'no user', '', '{"name": ""}', second!])
    const { code, out } = await cli(['users', 'import', 'people.ndjson', '--json'])
    const again = await cli(['users', 'import', 'people.ndjson', '--on-conflict', 'skip'])

    expect(code).toBe(EXIT.refused)
    expect(JSON.parse(out)).toMatchObject({
      complete: true,
      created: 2,
      skipped: 0,
      refused: [
        { line: 2, code: 'MALFORMED_LINE' },
        { line: 4, code: 'VALIDATION_FAILED', errors: [{ field: 'name' }, { field: 'email' }] },
      ],
    })
    expect(again).toMatchObject({ code: EXIT.refused, out: 'Created 0 users, skipped 2, refused 2\n' })
    expect(again.err).toMatch(/^line 2: MALFORMED_LINE: .+\nline 4: VALIDATION_FAILED: .+\n$/)
  })

  it('ends in order at Ctrl-C, and can be gone on with: nobody is missing, nobody is there twice', async () => {
    const lines = users()
    await write(lines)
    const before = (await client.users.list()).total!
    const first = await cli(['users', 'import', '-', '--json', '--verbose'], {
      input: `${lines.join('\n')}\n`,
      holdInput: true,
      // At the first request that is told.
      with: (child) => child.stderr!.once('data', () => child.kill('SIGINT')),
    })
    const { run, created, complete } = JSON.parse(first.out)
    const between = (await client.users.list()).total!
    const second = await cli(['users', 'import', 'people.ndjson', '--json', '--resume', run])

    expect([first.code, complete]).toEqual([EXIT.interrupted, false])
    expect(between - before).toBe(created)
    expect(second.code).toBe(EXIT.ok)
    expect(JSON.parse(second.out)).toMatchObject({ complete: true, created: lines.length, refused: [] })
    expect((await client.users.list()).total! - before).toBe(lines.length)
  })
})

describe('the exit code says what happened', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    ['no such user', ['users', 'get', 'nobody'], EXIT.notFound, /USER_NOT_FOUND/],
    [
      'refused',
      ['users', 'create', '--name', '', '--email', 'x'],
      EXIT.refused,
      /name +name is not allowed.*\n.*valid email/,
    ],
    ['no such command', ['users', 'lst'], EXIT.usage, /Did you mean list\?/],
    ['not a number', ['users', 'list', '--limit', 'x'], EXIT.usage, /whole number/],
    ['nothing to change', ['users', 'update', 'nobody'], EXIT.usage, /Say what to change/],
    ['no base URL', ['--base-url', 'ftp://ada:secret@host', 'users', 'list'], EXIT.usage, /must begin with http/],
    ['no such file', ['users', 'import', 'nothing.ndjson'], EXIT.usage, /nothing.ndjson cannot be read \(ENOENT\)/],
    ['no such profile', ['--profile', 'none', 'users', 'list'], EXIT.usage, /profile none has no file/],
  ])('%s', async (_, args, code, message) => {
    const result = await cli(args)

    expect(result).toMatchObject({ code, out: '' })
    expect(result.err).toMatch(message)
    expect(result.err).not.toContain('secret')
  })

  it('with --json an error is JSON, too', async () => {
    const refused = await cli(['users', 'create', '--name', '', '--email', 'x', '--json'])
    const wrong = await cli(['users', 'lst', '--json'])

    expect(refused).toMatchObject({ code: EXIT.refused, out: '' })
    expect(JSON.parse(refused.err)).toMatchObject({
      error: {
        code: 'VALIDATION_FAILED',
        status: 400,
        exit_code: EXIT.refused,
        request_id: expect.any(String),
        errors: [{ field: 'name' }, { field: 'email' }],
      },
    })
    expect(wrong).toMatchObject({ code: EXIT.usage, out: '' })
    expect(JSON.parse(wrong.err)).toMatchObject({ error: { exit_code: EXIT.usage } })
  })

  it('nobody listens', async () => {
    const env = { ROLLCALL_BASE_URL: `http://127.0.0.1:${await freePort()}`, ROLLCALL_RETRIES: '0' }
    const list = await cli(['users', 'list'], { env })
    const doctor = await cli(['doctor'], { env })

    expect(list).toMatchObject({ code: EXIT.unavailable, err: expect.stringContaining('ECONNREFUSED') })
    expect(doctor).toMatchObject({ code: EXIT.broken, out: expect.stringContaining('start it with `rollcall serve`') })
  })
})

describe('doctor', () => {
  const REMOTE = ['node', 'settings', 'service', 'ready', 'clock', 'rights']
  const MACHINE = ['environment', 'port', 'data folder', 'mongo', 'mongo clock', 'indexes']
  const env = () => ({ PORT: new URL(service.url).port, MONGO_ENGINE_PORT: String(enginePort) })

  it('finds a service and a machine that are well', async () => {
    const { code, out, err } = await cli(['doctor', '--json'], { env: env() })

    expect(JSON.parse(out)).toEqual(
      [...REMOTE, ...MACHINE].map((check) => ({ check, ok: true, detail: expect.any(String) })),
    )
    expect([code, err]).toEqual([EXIT.ok, ''])
  })

  it('looks at the service alone when it is elsewhere', async () => {
    const { out } = await cli(['doctor', '--remote', '--json'])

    expect(JSON.parse(out).map(({ check }: { check: string }) => check)).toEqual(REMOTE)
  })

  it('says what is wrong, and what to do', async () => {
    await writeFile(join(home, 'file'), '')
    const port = await freePort()
    const taken = createServer().listen(port, '127.0.0.1')
    await once(taken, 'listening')
    const more = { ...env(), PORT: String(port), DATA_DIR: join(home, 'file', 'data') }
    const wrong = await cli(['doctor'], { env: more })
    const mongo = await cli(['doctor', '--json'], {
      env: { MONGO_URI: `mongodb://ada:hunter2@127.0.0.1:${await freePort()}/`, MONGO_DEADLINE_MS: '300' },
    })
    const settings = await cli(['doctor'], { env: { AUTH_MODE: 'open', HOST: '0.0.0.0' } })
    taken.close()

    expect(wrong.code).toBe(EXIT.broken)
    expect(wrong.out).toMatch(/FAIL {2}port +127\.0\.0\.1:\d+ is taken by .+\n +Stop it.*PORT\n/)
    expect(wrong.out).toMatch(/FAIL {2}data folder +\S+ cannot be written \(ENOTDIR\)\n +Give it to .*DATA_DIR\n/)
    expect(wrong.out).toMatch(/\n2 of 12 checks failed\n$/)
    expect(JSON.parse(mongo.out)).toContainEqual(
      expect.objectContaining({ check: 'mongo', ok: false, advice: expect.stringContaining('MONGO_URI') }),
    )
    expect(mongo.out).not.toContain('hunter2')
    expect(settings.out).toMatch(/FAIL {2}environment +.*AUTH_MODE/)
  })
})

describe('scenario', () => {
  it('reports every step', async () => {
    const { code, out } = await cli(['scenario', '--users', '2', '--json'])

    expect(code).toBe(EXIT.ok)
    expect(JSON.parse(out)).toMatchObject({ ok: true, cleanedUp: 0 })
  })

  it('takes away what it made when it is interrupted', async () => {
    const before = (await client.users.list()).total
    const { code, out, err } = await cli(['scenario', '--users', '30'], {
      with: (child, output) =>
        child.stdout!.on('data', () => {
          // Its users are there now, and most of its steps are still to come.
          if (output().includes('create')) child.kill('SIGINT') // more than once: that is how npm and a terminal do it
        }),
    })

    expect(code).toBe(EXIT.interrupted)
    expect(out).not.toContain('confirm')
    expect(err).toBe('Interrupted\n')
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
