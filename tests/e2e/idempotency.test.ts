import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { RollcallClient } from '../../src/client/index'
import { endService } from '../support/end-service'
import { type FaultyProxy, inTurn, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import { type TestDatabase, testDatabase } from '../support/mongo'
import { killGroup, type ServiceProcess, startService, until } from '../support/service-process'

const START_MS = 120_000
const WAIT_MS = 20_000
const PARALLEL = 20

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
    url: (given) => Object.assign(new URL(given), { hostname: '127.0.0.1', port: String(own) }).href,
    muteFrom: (text) => void (state.text = text),
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

let database: TestDatabase
let store: MongoClient
let storeProxy: StoreProxy
/** Two processes of the service over one store. */
let doomed: ServiceProcess
let other: ServiceProcess
let lossy: FaultyProxy
let made = 0

const email = () => `once.${(made += 1)}@example.com`
const users = () => store.db().collection('users')

function create({ url }: { readonly url: string }, key: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  return fetch(`${url}/api/v1/users`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** As a client does it: while another attempt is at work, it asks again. */
async function insist(service: ServiceProcess, key: string, body: object): Promise<Response> {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const answer = await create(service, key, body)
    if (answer.status !== 409 || Date.now() > end) return answer
    expect(await answer.json()).toMatchObject({ data: { code: 'IDEMPOTENCY_CONFLICT' } })
    await sleep(50)
  }
}

beforeAll(async () => {
  database = await testDatabase()
  store = await MongoClient.connect(database.uri)
  storeProxy = await startStoreProxy(database.uri)
  const start = async (uri: string) =>
    startService({ script: 'start', port: await freePort(), env: { MONGO_URI: uri, LOG_LEVEL: 'warn' } })
  doomed = await start(storeProxy.url(database.uri))
  other = await start(database.uri)
  lossy = await startFaultyProxy(other.url)
}, START_MS)
afterAll(async () => {
  await lossy?.stop()
  if (doomed) killGroup(doomed, 'SIGKILL')
  if (other) await endService(other)
  storeProxy?.stop()
  await store?.close()
  await database?.drop()
})

it(`${PARALLEL} requests with one key, at two processes at once: one user, and one answer for all`, async () => {
  const body = { name: 'Once', email: email(), password: 'Password@123' }
  const sent = Array.from({ length: PARALLEL }, (_, at) => insist(at % 2 === 0 ? doomed : other, 'parallel', body))
  const answers = await Promise.all(sent)
  const texts = await Promise.all(answers.map((answer) => answer.text()))

  expect(answers.map(({ status }) => status)).toEqual(Array(PARALLEL).fill(201))
  expect(new Set(texts).size).toBe(1)
  expect(answers.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1)
  expect(await users().countDocuments({ email: body.email })).toBe(1)
}, 60_000)

it('the client that lost an answer gets it when it asks again: creating, granting, making roles', async () => {
  const client = new RollcallClient({ baseUrl: lossy.url, backoff: { baseMs: 5, capMs: 20 } })
  lossy.plan = inTurn('lose-answer', 'cut-answer')
  const user = await client.users.create({ name: 'Once', email: email() })
  lossy.plan = inTurn('lose-answer')
  const role = await client.roles.create({ name: 'ONCE' })
  await client.close()

  expect(await users().countDocuments({ email: user.email })).toBe(1)
  expect((await users().findOne({ email: user.email }))!._id.toString()).toBe(user.id)
  expect(role).toMatchObject({ name: 'ONCE', version: 1 })
}, 60_000)

it('a process that is killed between effect and answer: one user, and its answer from another process', async () => {
  const body = { name: 'Once', email: email(), password: 'Password@123', metadata: { a: 1 } }
  storeProxy.muteFrom(body.email)
  const broken = create(doomed, 'killed', body).then(
    ({ status }) => status,
    () => 'broken' as const,
  )
  await until(
    async () => (await users().countDocuments({ email: body.email })) === 1,
    WAIT_MS,
    () => 'the effect did not come',
  )
  killGroup(doomed, 'SIGKILL')
  expect(await broken).toBe('broken')
  const [made] = await users().find({ email: body.email }).toArray()

  // The client waits as it is told, and has the user with its next attempt.
  lossy.plan = inTurn('lose-answer')
  lossy.seen.length = 0
  const client = new RollcallClient({ baseUrl: lossy.url })
  const user = await client.users.create(body, { idempotencyKey: 'killed' })
  await client.close()
  expect(lossy.seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST'])
  expect(user.id).toBe(made!._id.toString())

  const answer = await create(other, 'killed', body)
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
  const replay = await create(other, 'killed', body)
  expect([replay.headers.get('idempotency-replayed'), await replay.text()]).toEqual(['true', text])
}, 60_000)
