import { ApiError, NetworkError, NotConfirmedError, RollcallClient, TimeoutError } from '../../src/client/index'
import type { ClientOptions } from '../../src/client/rollcall-client'
import { UserFactory } from '../../src/client/user-factory'
import { endService } from '../support/end-service'
import { type Fault, type FaultyProxy, inTurn, startFaultyProxy } from '../support/faulty-proxy'
import { freePort } from '../support/free-port'
import { type ServiceProcess, startService } from '../support/service-process'

const ATTEMPT_MS = 300

let service: ServiceProcess
let proxy: FaultyProxy
let direct: RollcallClient
const clients: RollcallClient[] = []
const factory = new UserFactory()

beforeAll(async () => {
  service = await startService({ script: 'start', port: await freePort(), args: ['--in-memory'] })
  proxy = await startFaultyProxy(service.url)
  direct = new RollcallClient({ baseUrl: service.url })
}, 120_000)
beforeEach(() => {
  proxy.plan = () => 'none'
  proxy.seen.length = 0
})
afterAll(async () => {
  await Promise.all([direct, ...clients].map((client) => client?.close()))
  await proxy?.stop()
  await endService(service)
})

function clientOf(options: Partial<ClientOptions> = {}): RollcallClient {
  const backoff = { baseMs: 5, capMs: 20 }
  const client = new RollcallClient({ baseUrl: proxy.url, timeoutMs: ATTEMPT_MS, backoff, ...options })
  clients.push(client)
  return client
}

const attempts = () => proxy.seen.map(({ method }) => method)

describe('a request that fails', () => {
  const faults: [string, Fault][] = [
    ['before the server sees it', 'drop'],
    ['because its answer is lost', 'lose-answer'],
    ['in the middle of its answer', 'cut-answer'],
    ['because nothing ever comes back', 'black-hole'],
    ['because its answer drips', 'drip'],
    ['with 500', { status: 500 }],
    ['with 502 after the server did its work', { status: 502, after: true }],
    ['with 503', { status: 503, retryAfter: '0' }],
    ['with 429', { status: 429, retryAfter: '0' }],
  ]

  it.each(faults)('%s is sent again: reading', async (_, fault) => {
    const user = await direct.users.create(factory.create())
    proxy.plan = inTurn(fault, fault)

    expect(await clientOf().users.get(user.id)).toEqual(user)
    expect(attempts()).toEqual(['GET', 'GET', 'GET'])
  })

  // The answer has no body that could drip.
  it.each(faults.filter(([, fault]) => fault !== 'drip'))(
    '%s is sent again: deleting, which succeeds once',
    async (_, fault) => {
      const { id } = await direct.users.create(factory.create())
      proxy.plan = inTurn(fault)

      await clientOf().users.delete(id)
      expect(attempts()).toEqual(['DELETE', 'DELETE'])
      await expect(direct.users.get(id)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    },
  )

  it.each(faults)('%s is sent again: creating, which gives one user', async (_, fault) => {
    proxy.plan = inTurn(fault)
    const wanted = factory.create()

    const user = await clientOf().users.createAndConfirm(wanted)
    expect(user).toMatchObject({ email: wanted.email, name: wanted.name, version: 1 })
    const { items } = await direct.users.list({ email: wanted.email })
    expect(items).toEqual([user])
  })

  it.each(faults)('%s is sent again: a change on a version, which is done once', async (_, fault) => {
    const { id, version } = await direct.users.create(factory.create({ age: 30 }))
    proxy.plan = inTurn(fault)

    const user = await clientOf().users.patch(id, { age: 31 }, { ifVersion: version })
    expect(user).toMatchObject({ age: 31, version: version + 1 })
    expect(await direct.users.get(id)).toEqual(user)
  })
})

describe('requests that are sent again', () => {
  it('carry the same Idempotency-Key, and ids by which the attempts are told apart', async () => {
    proxy.plan = inTurn('drop', 'drop')
    await clientOf().users.create(factory.create(), { requestId: 'import-7' })

    const keys = proxy.seen.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(new Set(keys).size).toBe(1)
    expect(proxy.seen.map(({ headers }) => headers['x-request-id'])).toEqual(['import-7', 'import-7.2', 'import-7.3'])
  })

  it('have another key for each call', async () => {
    const client = clientOf()
    await client.users.create(factory.create())
    await client.users.create(factory.create())

    expect(new Set(proxy.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  it('are sent after the time that Retry-After asks for, in seconds', async () => {
    proxy.plan = inTurn({ status: 503, retryAfter: '1' })
    await clientOf().users.list()

    const [first, second] = proxy.seen
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(999)
  })

  it('are not sent when Retry-After is beyond the time that the call has', async () => {
    proxy.plan = inTurn({ status: 503, retryAfter: '60' })
    const refusal = await clientOf({ totalTimeoutMs: 2_000 })
      .users.list()
      .catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(ApiError)
    expect(refusal).toMatchObject({ status: 503, code: 'HTTP_503', retryAfterMs: 60_000, attempts: 1 })
    expect(attempts()).toEqual(['GET'])
  })

  it.each([400, 401, 403, 404, 409, 412, 422])('are not sent after %d', async (status) => {
    proxy.plan = () => ({ status })

    await expect(clientOf().users.list()).rejects.toMatchObject({ status, attempts: 1 })
    expect(attempts()).toEqual(['GET'])
  })

  it('are not sent for a key that was made and whose answer was lost', async () => {
    proxy.plan = inTurn('lose-answer')

    await expect(clientOf().auth.createApiKey({ name: 'Import', permissions: ['users:read'] })).rejects.toThrow(
      NetworkError,
    )
    expect(attempts()).toEqual(['POST'])
    expect(proxy.seen[0]!.headers).not.toHaveProperty('idempotency-key')
  })
})

describe('a call that fails for good', () => {
  it('names what was refused and why: every problem, the code, the request', async () => {
    const { user, field } = factory.invalid('short password')
    const refusal = await direct.users
      .create({ ...user, age: 0 } as never, { requestId: 'form-1' })
      .catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(ApiError)
    expect(refusal).toMatchObject({ status: 400, code: 'VALIDATION_FAILED', requestId: 'form-1', attempts: 1 })
    expect((refusal as ApiError).errors.map((error) => error.field).sort()).toEqual(['age', field])
    expect(String(refusal)).not.toContain(user['password'])
  })

  it('is a NetworkError where nobody listens', async () => {
    const client = clientOf({ baseUrl: `http://127.0.0.1:${await freePort()}`, retries: 2 })

    const failure = await client.users.list().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NetworkError)
    expect(failure).toMatchObject({ code: 'ECONNREFUSED', attempts: 3 })
  })

  it('is a TimeoutError where nothing comes back, and the time of all attempts is bounded', async () => {
    proxy.plan = () => 'black-hole'
    const begin = performance.now()

    await expect(clientOf({ totalTimeoutMs: 700 }).users.list()).rejects.toBeInstanceOf(TimeoutError)
    const took = performance.now() - begin
    expect(took).toBeGreaterThan(ATTEMPT_MS * 2)
    expect(took).toBeLessThan(2_000)
  })

  it('ends at once when the caller aborts, with the reason that it gave', async () => {
    proxy.plan = () => 'black-hole'
    const controller = new AbortController()
    const reason = new Error('the window was closed')
    const call = clientOf({ timeoutMs: 60_000 }).users.list({}, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)

    await expect(call).rejects.toBe(reason)
    expect(attempts()).toEqual(['GET'])
  })

  it('costs a sick server little: retries have a budget', async () => {
    proxy.plan = () => ({ status: 500 })
    const client = clientOf({ retries: 10, timeoutMs: 20_000 })
    await Promise.allSettled(Array.from({ length: 100 }, () => client.users.list()))

    // 100 calls, the 50 retries of a full bucket, and the few that time has earned.
    expect(attempts().length).toBeGreaterThanOrEqual(150)
    expect(attempts().length).toBeLessThan(200)
  })
})

describe('a server that answers stale reads for a while', () => {
  const staleFor = (count: number): FaultyProxy['plan'] => {
    let left = count
    return ({ method }) => (method === 'GET' && left-- > 0 ? 'stale' : 'none')
  }

  it('is asked until a deleted user has gone', async () => {
    const client = clientOf()
    const { id } = await client.users.createAndConfirm(factory.create())
    proxy.seen.length = 0
    proxy.plan = staleFor(5)

    await client.users.deleteAndConfirm(id)
    expect(attempts().filter((method) => method === 'GET').length).toBeGreaterThan(5)
    expect(attempts().filter((method) => method === 'DELETE')).toHaveLength(1)
  })

  it('is not asked beyond the deadline', async () => {
    const client = clientOf()
    const { id } = await client.users.createAndConfirm(factory.create())
    proxy.plan = staleFor(Infinity)

    await expect(client.users.deleteAndConfirm(id, { deadlineMs: 400 })).rejects.toBeInstanceOf(NotConfirmedError)
  })
})

describe('a list', () => {
  it('that lost its headers on the way is an error, not a short list', async () => {
    proxy.plan = () => ({ status: 200, body: '{"data": [], "message": "", "status_code": 200}' })

    await expect(clientOf().users.each().next()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' })
  })

  it('that is no list of this service at all is an error', async () => {
    proxy.plan = () => ({ status: 200 })

    await expect(clientOf().users.list()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', attempts: 1 })
  })
})
