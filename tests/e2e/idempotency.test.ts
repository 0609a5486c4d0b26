import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { hashOfToken, newToken } from '../../src/accounts/one-time-token'
import { RollcallClient } from '../../src/client/index'
import { endService } from '../support/end-service'
import { type FaultyProxy, inTurn, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { killGroup, type ServiceProcess, startService, until } from '../support/service-process'

/** Three processes, and what is built before. */
const START_MS = 600_000
const WAIT_MS = 30_000
const TEST_MS = 5 * WAIT_MS
const PARALLEL = 50

interface StoreProxy {
  readonly url: (uri: string) => string
  /** From the first command that names this on, the store does what it is told, and nobody hears of it. */
  readonly muteFrom: (text: string) => void
  readonly stop: () => void
}

/** Stands between a process and its store. */
async function startStoreProxy(uri: string): Promise<StoreProxy> {
  const { hostname, port } = new URL(uri)
  const sockets = new Set<Socket>()
  const state: { text?: string; muted: boolean } = { muted: false }
  const server: Server = createServer((client) => {
    const store = connect(Number(port), hostname)
    for (const socket of [client, store]) sockets.add(socket.on('error', () => undefined))
    client.on('data', (bytes) => {
      if (state.text !== undefined && bytes.includes(state.text)) state.muted = true
      store.write(bytes)
    })
    store.on('data', (bytes) => state.muted || client.write(bytes))
    client.once('close', () => store.destroy())
    store.once('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  return {
    url: (given) => {
      const proxied = Object.assign(new URL(given), { hostname: '127.0.0.1', port: String(own) })
      // Else the driver goes on to the address that the store gives as its own.
      proxied.searchParams.set('directConnection', 'true')
      return proxied.href
    },
    muteFrom: (text) => void (state.text = text),
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A process of the service that is to be killed, and what stands between it and the store. */
interface Doomed {
  readonly service: ServiceProcess
  readonly store: StoreProxy
}

let database: TestDatabase
let store: MongoClient
const storeProxies: StoreProxy[] = []
const doomed: Doomed[] = []
let other: ServiceProcess
let lossy: FaultyProxy
let made = 0

const email = () => `once.${(made += 1)}@example.com`
const users = () => store.db().collection('users')

interface Sent {
  readonly path: string
  readonly key: string
  readonly body: object
}

function post({ url }: { readonly url: string }, { path, key, body }: Sent): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  return fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** As a client does it: while another attempt is at work, and while the store is too slow, it asks again. */
async function insist(service: ServiceProcess, sent: Sent): Promise<Response> {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const answer = await post(service, sent)
    if (![409, 503].includes(answer.status) || Date.now() > end) return answer
    const code = answer.status === 409 ? 'IDEMPOTENCY_CONFLICT' : 'SERVICE_UNAVAILABLE'
    expect(await answer.json()).toMatchObject({ data: { code } })
    await sleep(50)
  }
}

/** As the service keeps a token that it has mailed. */
async function mailed(user: { readonly id: string; readonly email: string }): Promise<string> {
  const token = newToken('reset_password')
  const created_at = new Date()
  await store
    .db()
    .collection('one_time_tokens')
    .insertOne({
      _id: `reset_password:${user.id}` as never,
      user_id: user.id,
      purpose: 'reset_password',
      email: user.email,
      hash: hashOfToken(token),
      created_at,
      expires_at: new Date(created_at.getTime() + 3_600_000),
    })
  return token
}

beforeAll(async () => {
  database = await testDatabase()
  store = await MongoClient.connect(database.uri)
  // A process that hears nothing more of its store must not give up before it is killed.
  const env = { LOG_LEVEL: 'warn', MONGO_DEADLINE_MS: String(2 * WAIT_MS) }
  const start = async (uri: string) =>
    startService({ script: 'start', port: await freePort(), env: { MONGO_URI: uri, ...env } })
  for (let n = 0; n < 2; n += 1) {
    const storeProxy = await startStoreProxy(database.uri)
    storeProxies.push(storeProxy)
    doomed.push({ store: storeProxy, service: await start(storeProxy.url(database.uri)) })
  }
  other = await start(database.uri)
  lossy = await startFaultyProxy(other.url)
}, START_MS)
afterAll(async () => {
  await lossy?.stop()
  for (const { service } of doomed) killGroup(service, 'SIGKILL')
  for (const storeProxy of storeProxies) storeProxy.stop()
  if (other) await endService(other)
  await store?.close()
  await database?.drop()
}, START_MS)

it(
  `${PARALLEL} requests with one key, at two processes at once: one user, and one answer for all`,
  async () => {
    const body = { name: 'Once', email: email(), password: 'Password@123' }
    const request = { path: '/users', key: 'parallel', body }
    const sent = Array.from({ length: PARALLEL }, (_, at) => insist(at % 2 === 0 ? doomed[0]!.service : other, request))
    const answers = await Promise.all(sent)
    const texts = await Promise.all(answers.map((answer) => answer.text()))

    expect(answers.map(({ status }) => status)).toEqual(Array(PARALLEL).fill(201))
    expect(new Set(texts).size).toBe(1)
    // A process that stood still for longer than its lease may find its work taken up, and done under the same name.
    expect(answers.filter(({ headers }) => !headers.has('idempotency-replayed')).length).toBeGreaterThan(0)
    expect(await users().countDocuments({ email: body.email })).toBe(1)
  },
  TEST_MS,
)

it(
  'the client that lost an answer gets it when it asks again: creating, granting, making roles',
  async () => {
    const client = new RollcallClient({ baseUrl: lossy.url, backoff: { baseMs: 5, capMs: 20 } })
    lossy.plan = inTurn('lose-answer', 'cut-answer')
    const user = await client.users.create({ name: 'Once', email: email() })
    lossy.plan = inTurn('lose-answer')
    const role = await client.roles.create({ name: 'ONCE' })
    await client.close()

    expect(await users().countDocuments({ email: user.email })).toBe(1)
    expect((await users().findOne({ email: user.email }))!._id.toString()).toBe(user.id)
    expect(role).toMatchObject({ name: 'ONCE', version: 1 })
  },
  TEST_MS,
)

/** Kills the process once the effect is there, of which it has not heard. */
async function killBetween({ service }: Doomed, sent: Sent, isDone: () => Promise<boolean>): Promise<void> {
  const broken = post(service, sent).then(
    ({ status }) => status,
    () => 'broken' as const,
  )
  await until(isDone, WAIT_MS, () => 'the effect did not come')
  killGroup(service, 'SIGKILL')
  expect(await broken).toBe('broken')
}

it(
  'a process that is killed between effect and answer: one user, and its answer from another process',
  async () => {
    const body = { name: 'Once', email: email(), password: 'Password@123', metadata: { a: 1 } }
    const sent = { path: '/users', key: 'killed', body }
    doomed[0]!.store.muteFrom(body.email)
    await killBetween(doomed[0]!, sent, async () => (await users().countDocuments({ email: body.email })) === 1)
    const [made] = await users().find({ email: body.email }).toArray()

    // The client loses an answer more, waits as it is told while the dead process has its lease, and has the user then.
    lossy.plan = inTurn('lose-answer')
    lossy.seen.length = 0
    const client = new RollcallClient({ baseUrl: lossy.url })
    const user = await client.users.create(body, { idempotencyKey: sent.key })
    await client.close()
    expect(lossy.seen.length).toBeGreaterThan(1)
    expect(user.id).toBe(made!._id.toString())

    const answer = await insist(other, sent)
    const text = await answer.text()
    expect(answer.status).toBe(201)
    expect(JSON.parse(text).data).toMatchObject({
      id: made!._id.toString(),
      email: body.email,
      metadata: { a: 1 },
      version: 1,
    })
    expect(answer.headers.get('location')).toBe(`/api/v1/users/${made!._id.toString()}`)
    expect(await users().countDocuments({ email: body.email })).toBe(1)
    const replay = await insist(other, sent)
    expect([replay.headers.get('idempotency-replayed'), await replay.text()]).toEqual(['true', text])
  },
  TEST_MS,
)

it(
  'the same with a token that is good once: the password is chosen once, and the answer is there',
  async () => {
    const made = await insist(other, { path: '/users', key: 'made', body: { name: 'Once', email: email() } })
    const { id, email: address } = ((await made.json()) as { readonly data: { id: string; email: string } }).data
    const sent = {
      path: '/auth/password/reset',
      key: 'chosen',
      body: { token: await mailed({ id, email: address }), password: 'Battery-Staple-8' },
    }
    // The hash of the password is in the very command that is the effect.
    doomed[1]!.store.muteFrom('$2b$04$')
    await killBetween(
      doomed[1]!,
      sent,
      async () => (await users().countDocuments({ email: address, version: 2 })) === 1,
    )

    const answer = await insist(other, sent)
    const text = await answer.text()
    expect([answer.status, JSON.parse(text).data]).toMatchObject([200, { id, has_password: true, version: 2 }])
    const replay = await insist(other, sent)
    expect([replay.headers.get('idempotency-replayed'), await replay.text()]).toEqual(['true', text])
    expect((await insist(other, { ...sent, key: 'chosen again' })).status).toBe(400)
    expect(await users().countDocuments({ email: address, version: 2 })).toBe(1)
  },
  TEST_MS,
)
