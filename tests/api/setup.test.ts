import type { Connection } from 'mongoose'
import request from 'supertest'
import { loadConfig } from '../../src/config'
import { connectMongo } from '../../src/mongo/connect'
import { createLogger } from '../../src/observability/logger'
import { createService, type Service } from '../../src/service'
import { type TestDatabase, testDatabase } from '../support/mongo'

const PASSWORD = 'Password@123'
const JANE = { name: 'Jane Doe', email: 'jane@example.com', password: PASSWORD }

let database: TestDatabase
let connection: Connection
const services: Service[] = []

beforeEach(async () => {
  database = await testDatabase()
  connection = await connectMongo({ uri: database.uri, deadlineMs: 10_000, poolSize: 20 })
})

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()))
  await connection.close()
  await database.drop()
})

/** One process of the service, on the database that all of a test share. */
async function start(env: Readonly<Record<string, string>> = {}): Promise<Service> {
  const config = loadConfig({
    NODE_ENV: 'test',
    AUTH_MODE: 'required',
    LOG_LEVEL: 'silent',
    BCRYPT_COST: '4',
    MONGO_URI: database.uri,
    ...env,
  })
  const service = await createService(config, connection, createLogger(config))
  services.push(service)
  return service
}

const setUp = (service: Service, body: object) => request(service.app).post('/auth/setup').send(body)
const logIn = (service: Service, email: string, password: string) =>
  request(service.app).post('/auth/login').send({ email, password })
const users = async () => connection.collection('users').find().toArray()

describe('the set-up link', () => {
  it('makes the administrator, who logs in even where e-mails must be verified', async () => {
    const service = await start({ REQUIRE_VERIFIED_EMAIL: 'true' })
    const token = await service.newSetupToken()
    const answer = await setUp(service, { token, ...JANE, email: ' Jane@Example.com' })

    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      data: expect.objectContaining({
        name: 'Jane Doe',
        email: 'jane@example.com',
        email_verified: true,
        roles: ['ADMIN'],
        is_active: true,
      }),
      message: 'Administrator created',
      status_code: 201,
    })
    expect(answer.headers['location']).toBe(`/api/v1/users/${answer.body.data.id}`)
    expect((await logIn(service, JANE.email, PASSWORD)).status).toBe(200)
    expect(await connection.collection('setup_links').countDocuments()).toBe(0)
  })

  it('is kept as a hash, and good for 24 hours', async () => {
    const service = await start()
    const token = await service.newSetupToken()
    const [link] = await connection.collection('setup_links').find().toArray()

    expect(token).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(link)).not.toContain(token)
    expect(link!['expires_at'].getTime() - link!['created_at'].getTime()).toBe(24 * 60 * 60 * 1_000)

    await connection.collection('setup_links').updateOne({}, { $set: { expires_at: new Date(Date.now() - 1) } })
    expect((await setUp(service, { token, ...JANE })).body.data.code).toBe('TOKEN_INVALID')
  })

  it('of 20 that use it at once, one does', async () => {
    const workers = [await start(), await start()]
    const token = await workers[0]!.newSetupToken()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => setUp(workers[n % 2]!, { token, ...JANE, email: `admin.${n}@example.com` })),
    )
    const codes = answers.map(({ status, body }) => body.data.code ?? status)

    expect(codes.filter((code) => code === 201)).toHaveLength(1)
    expect(codes.filter((code) => !['TOKEN_INVALID', 'SETUP_DONE', 201].includes(code))).toEqual([])
    expect(await users()).toHaveLength(1)
  })

  it('says what is wrong, and stays good until it has made somebody', async () => {
    const service = await start()
    const token = await service.newSetupToken()
    await connection.collection('users').insertOne({ email: 'taken@example.com' })
    const weak = await setUp(service, { token, name: '', email: 'nobody', password: 'secret' })
    const taken = await setUp(service, { token, ...JANE, email: 'taken@example.com' })

    expect(weak.body.data.errors.map(({ field }: { field: string }) => field)).toEqual(
      expect.arrayContaining(['name', 'email', 'password']),
    )
    expect(weak.text).not.toContain('secret')
    expect([taken.status, taken.body.data.code]).toEqual([409, 'EMAIL_TAKEN'])
    expect((await setUp(service, { token, ...JANE })).status).toBe(201)
  })

  it('a wrong token is refused; once there is an administrator, any is', async () => {
    const service = await start()
    const token = await service.newSetupToken()
    const wrong = await setUp(service, { token: 'x', ...JANE })
    await setUp(service, { token, ...JANE }).expect(201)
    const late = await setUp(service, { token, ...JANE, email: 'second@example.com' })

    expect([wrong.status, wrong.body.data.code]).toEqual([400, 'TOKEN_INVALID'])
    expect([late.status, late.body.data.code]).toEqual([409, 'SETUP_DONE'])
    expect(await users()).toHaveLength(1)
  })

  it('one of the processes that start together gets it; the next start replaces it', async () => {
    const first = [await start({ CLUSTER_START_ID: 'one' }), await start({ CLUSTER_START_ID: 'one' })]
    const told = await Promise.all(first.map((service) => service.newSetupToken()))
    const again = await first[0]!.newSetupToken()
    const second = await start({ CLUSTER_START_ID: 'two' })
    const newer = await second.newSetupToken()
    const [older] = told.filter((token) => token !== undefined)

    expect(told.filter((token) => token !== undefined)).toHaveLength(1)
    expect(again).toBeUndefined()
    expect((await setUp(second, { token: older, ...JANE })).body.data.code).toBe('TOKEN_INVALID')
    expect((await setUp(second, { token: newer, ...JANE })).status).toBe(201)
    expect(await (await start()).newSetupToken()).toBeUndefined()
  })

  it.each([
    ['in open mode', { AUTH_MODE: 'open' }],
    ['with a key from the environment', { BOOTSTRAP_API_KEY: 'k'.repeat(32) }],
  ])('is not needed %s', async (_, env) => {
    expect(await (await start(env)).newSetupToken()).toBeUndefined()
  })
})

describe('ADMIN_EMAIL and ADMIN_PASSWORD', () => {
  const ADMIN = { ADMIN_EMAIL: 'Root@Example.com', ADMIN_PASSWORD: PASSWORD }

  it('many processes at once make one administrator', async () => {
    const started = await Promise.all(Array.from({ length: 6 }, () => start(ADMIN)))
    const found = await users()

    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ email: 'root@example.com', grants: [{ role: 'ADMIN', expires_at: null }] })
    expect((await logIn(started[5]!, 'root@example.com', PASSWORD)).body.data.user.roles).toEqual(['ADMIN'])
    expect(await started[0]!.newSetupToken()).toBeUndefined()
  })

  it('a later start changes nothing, whatever they are', async () => {
    await start(ADMIN)
    const before = await users()
    await start({ ADMIN_EMAIL: 'other@example.com', ADMIN_PASSWORD: 'Another@456' })
    await start({ ...ADMIN, ADMIN_PASSWORD: 'Another@456' })

    expect(await users()).toEqual(before)
  })

  it('a user who has not verified the address becomes nothing: anybody may have registered it', async () => {
    const open = await start({ AUTH_MODE: 'open' })
    await request(open.app)
      .post('/users')
      .send({ ...JANE, email: 'root@example.com' })
      .expect(201)
    const before = await users()

    await expect(start(ADMIN)).rejects.toThrow('ADMIN_EMAIL is the address of a user who has not verified it')
    expect(await users()).toEqual(before)
  })

  it('a user who is there already becomes the administrator, with the password that it has', async () => {
    const open = await start({ AUTH_MODE: 'open' })
    await request(open.app)
      .post('/users')
      .send({ ...JANE, email: 'root@example.com' })
      .expect(201)
    await connection.collection('users').updateOne({ email: 'root@example.com' }, { $set: { email_verified: true } })
    const service = await start({ ...ADMIN, ADMIN_PASSWORD: 'Another@456' })

    expect((await logIn(service, 'root@example.com', 'Another@456')).status).toBe(401)
    expect((await logIn(service, 'root@example.com', PASSWORD)).body.data.user.roles).toEqual(['CLIENT', 'ADMIN'])
  })

  it('a password against the policy ends the start with a line that does not repeat it', async () => {
    await expect(start({ ...ADMIN, ADMIN_PASSWORD: 'short' })).rejects.toThrow(/ADMIN_PASSWORD is refused: .*8 bytes/)
    await expect(start({ ...ADMIN, ADMIN_PASSWORD: 'short' })).rejects.not.toThrow(/: .*short(?!er)/)
    expect(await users()).toEqual([])
  })
})

describe('the page', () => {
  it.each([
    ['/setup?token=x', 'text/html'],
    ['/setup/setup.js', 'text/javascript'],
    ['/setup/setup.css', 'text/css'],
  ])('%s runs nothing inline, is never kept, and names nothing elsewhere', async (path, type) => {
    const service = await start()
    const { headers, text } = await request(service.app).get(path).expect(200)

    expect(headers['content-type']).toBe(`${type}; charset=utf-8`)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(String(headers['content-security-policy']).split(';')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    )
    expect(text).not.toMatch(/https?:\/\/|<script>|onclick|style="/)
  })

  it('takes GET alone', async () => {
    const service = await start()
    const { status, headers, body } = await request(service.app).post('/setup').send({})

    expect([status, headers['allow'], body.data.code]).toEqual([405, 'GET, HEAD, OPTIONS', 'METHOD_NOT_ALLOWED'])
  })
})
