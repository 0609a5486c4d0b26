import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import type { Connection } from 'mongoose'
import request from 'supertest'
import { dataHeaders } from '../../src/app'
import { loadConfig } from '../../src/config'
import { createHttpServer } from '../../src/http/server'
import { closeGracefully, listen } from '../../src/http/shutdown'
import { connectMongo } from '../../src/mongo/connect'
import { createLogger } from '../../src/observability/logger'
import { createService } from '../../src/service'
import { testDatabase, type TestDatabase } from '../support/mongo'
import { startTcpProxy, type ProxyMode, type TcpProxy } from '../support/tcp-proxy'

const ANSWER_MS_MAX = 2_500
const RECOVERY_MS_MAX = 10_000

let database: TestDatabase
let proxy: TcpProxy
let connection: Connection
let server: Server
let url: string

beforeAll(async () => {
  database = await testDatabase()
  const direct = new URL(database.uri)
  proxy = await startTcpProxy(direct.hostname, Number(direct.port || 27_017))
  const proxied = new URL(database.uri)
  proxied.host = proxy.address
  proxied.searchParams.set('directConnection', 'true')
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    BCRYPT_COST: '4',
    // Leaves a busy machine a second of its own within the bound.
    MONGO_DEADLINE_MS: '1500',
    MONGO_URI: proxied.href,
  })
  connection = await connectMongo({ uri: proxied.href, deadlineMs: config.mongoDeadlineMs, poolSize: 10 })
  const service = await createService(config, connection, createLogger(config))
  server = createHttpServer(service.app, dataHeaders())
  url = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`
  expect((server.address() as AddressInfo).port).toBeGreaterThan(0)
})

afterAll(async () => {
  await closeGracefully(server, 0)
  await connection.close(true)
  await proxy.stop()
  await database.drop()
})

async function timed(call: request.Test): Promise<{ answer: request.Response; ms: number }> {
  const begin = performance.now()
  const answer = await call
  return { answer, ms: performance.now() - begin }
}

async function worksAgain(id: string): Promise<void> {
  const end = performance.now() + RECOVERY_MS_MAX
  for (;;) {
    const { status } = await request(url).get(`/users/${id}`)
    if (status === 200) return
    if (performance.now() > end) throw new Error(`Still ${status} after ${RECOVERY_MS_MAX} ms`)
  }
}

async function createdId(): Promise<string> {
  const body = { name: 'Ann', email: `ann.${Date.now()}@example.com` }
  const answer = await request(url).post('/users').send(body).expect(201)
  return answer.body.data.id
}

describe.each<{ mode: ProxyMode; how: string }>([
  { mode: 'closed', how: 'is stopped' },
  { mode: 'silent', how: 'accepts and never answers' },
])('while MongoDB $how', ({ mode }) => {
  let id: string

  beforeAll(async () => {
    await proxy.set('pass')
    id = await createdId()
    await proxy.set(mode)
  })

  afterAll(() => proxy.set('pass'))

  const calls: readonly [string, (id: string) => request.Test][] = [
    ['GET a user', (id) => request(url).get(`/users/${id}`)],
    ['GET users', () => request(url).get('/users')],
    ['GET users by filter', () => request(url).get('/users?q=ann')],
    ['POST a user', () => request(url).post('/users').send({ name: 'Bob', email: 'bob@example.com' })],
    ['PATCH a user', (id) => request(url).patch(`/users/${id}`).send({ name: 'Eve' })],
    [
      'PUT roles',
      (id) =>
        request(url)
          .put(`/users/${id}/roles`)
          .send({ roles: ['CLIENT'] }),
    ],
    ['DELETE a user', (id) => request(url).delete(`/users/${id}`)],
    ['GET roles', () => request(url).get('/roles')],
    ['GET readiness', () => request(url).get('/health/ready')],
  ]

  it('every call answers 503 in time, however many come at once', async () => {
    const crowd = Array.from(
      { length: 40 },
      () => ['a crowd', (id: string) => request(url).get(`/users/${id}`)] as const,
    )
    const answers = await Promise.all(
      [...calls, ...crowd].map(async ([name, call]) => ({ name, ...(await timed(call(id))) })),
    )

    for (const { name, answer, ms } of answers) {
      expect([name, answer.status, answer.headers['retry-after']]).toEqual([name, 503, '1'])
      expect(answer.body).toEqual({
        data: { code: 'SERVICE_UNAVAILABLE', errors: [], request_id: answer.headers['x-request-id'] },
        message: expect.any(String),
        status_code: 503,
      })
      expect(ms).toBeLessThan(ANSWER_MS_MAX)
    }
  })

  it('the health report says so, and the process is live', async () => {
    const { body } = await request(url).get('/health').expect(503)

    expect(body).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' }, message: 'MongoDB does not answer' })
    await request(url).get('/health/live').expect(200)
  })

  it('works again by itself', async () => {
    await proxy.set('pass')

    await worksAgain(id)
    await request(url).get('/health/ready').expect(200)
  })
})
