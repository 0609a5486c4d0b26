import { createLogger } from '../../../src/observability/logger'
import { AppError, type ErrorCode } from '../../../src/errors'
import { ANONYMOUS, type Caller, OPERATOR } from '../../../src/http/caller'
import type { EffectName } from '../../../src/http/effect'
import { ANSWER_BYTES_MAX, KeptAnswers, keyProblem, LEASE_MS } from '../../../src/http/idempotency'
import type { Begun, Claim, IdempotencyStore, KeptReply } from '../../../src/http/idempotency-store'
import type { Input, Reply, Route } from '../../../src/http/route'
import { keyedDigest } from '../../../src/secrets/keyed-digest'

const SINCE = new Date('2026-01-01T00:00:00.000Z')
const EFFECT: EffectName = { id: '66f0c1a2b3c4d5e6f7a8b9c0', resumed: false, since: SINCE }
const DONE: Reply = { status: 201, data: { id: '1' }, message: 'Made', headers: { ETag: '"1"' } }

/** A store that answers as it is told, and notes what it is asked. */
function storeOf(begun: Begun = { kind: 'owned', effect: EFFECT }) {
  const claims: Claim[] = []
  const steps: (string | KeptReply)[] = []
  const store: IdempotencyStore = {
    begin: async (claim) => (claims.push(claim), begun),
    renew: async () => void steps.push('renew'),
    remember: async (_, { userId }) => void steps.push(`remember ${userId}`),
    keep: async (_, reply) => void steps.push(reply),
    release: async () => void steps.push('release'),
  }
  return { store, claims, steps }
}

const logger = createLogger({ nodeEnv: 'test', logLevel: 'silent' } as never)
const digest = keyedDigest(Buffer.alloc(32, 7), 'test')
const rates = { limit: jest.fn(async () => ({})) }
beforeEach(() => rates.limit.mockReset().mockResolvedValue({}))
const guard = (store: IdempotencyStore, handle: Route['handle'], row: object = {}) =>
  new KeptAnswers({ store, logger, rates, digest, validationStatus: 422, translate: (error) => error }).guard({
    method: 'post',
    operation: 'make',
    handle,
    ...row,
  } as Route)
const inputOf = (more: Partial<Input> = {}): Input => ({
  params: {},
  query: {},
  body: { name: 'Ann' },
  headers: { 'idempotency-key': 'k' },
  url: '/',
  requestId: 'r-1',
  caller: OPERATOR,
  client: { address: '10.0.0.1', userAgent: undefined },
  ...more,
})

describe('without a key, and where there is none', () => {
  it.each([{ method: 'put' }, { secret: true }])('%j is left as it is', (row) => {
    const handle = async () => DONE
    expect(guard(storeOf().store, handle, row)).toBe(handle)
  })

  it('a request asks the store for nothing', async () => {
    const { store, claims } = storeOf()
    expect(await guard(store, async () => DONE)(inputOf({ headers: {} }))).toBe(DONE)
    expect(claims).toEqual([])
  })
})

it('tells what it does under which name, and keeps the answer before it is given', async () => {
  const { store, steps } = storeOf()
  const effects: unknown[] = []
  const handle = async ({ effect }: Input) => (effects.push(effect), DONE)

  expect(await guard(store, handle)(inputOf())).toEqual(DONE)
  expect(effects).toEqual([{ ...EFFECT, remember: expect.any(Function) }])
  const { data: _, ...rest } = DONE
  expect(steps).toEqual([{ ...rest, dataJson: '{"id":"1"}', subject: '1' }])
})

describe('an error', () => {
  const failed = async (error: unknown) => {
    const kept = storeOf()
    const work = guard(kept.store, async () => Promise.reject(error))(inputOf())
    await expect(work).rejects.toBe(error)
    return kept.steps
  }

  it.each<ErrorCode>(['INTERNAL_ERROR', 'SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'ACCOUNT_LOCKED', 'CONFLICT'])(
    '%s is not kept: the next attempt may succeed',
    async (code) => expect(await failed(new AppError(code))).toEqual(['release']),
  )

  it('that nobody foresaw is not kept', async () => expect(await failed(new Error('Oops'))).toEqual(['release']))

  it('that is the answer is kept as the client saw it', async () => {
    const errors = [{ field: 'roles.0', code: 'roles.unknown', message: 'No' }]
    const [kept] = (await failed(new AppError('VALIDATION_FAILED', { errors }))) as KeptReply[]
    expect(kept).toMatchObject({ status: 422, message: 'Validation failed', subject: undefined })
    expect(JSON.parse(kept!.dataJson)).toEqual({ code: 'VALIDATION_FAILED', errors, request_id: 'r-1' })
  })
})

it('notes whom it is told to remember', async () => {
  const { store, steps } = storeOf()
  const handle = async ({ effect }: Input) => {
    await effect!.remember({ userId: 'u1', email: 'ann@example.com' })
    return DONE
  }
  await guard(store, handle)(inputOf())
  expect(steps).toEqual(['remember u1', expect.objectContaining({ status: 201 })])
})

it.each([
  [0, 'kept'],
  [1, 'given, and not kept'],
])('an answer of the largest size and %i bytes is %s', async (more, what) => {
  const { store, steps } = storeOf()
  const data = 'x'.repeat(ANSWER_BYTES_MAX - 2 + more)
  expect((await guard(store, async () => ({ ...DONE, data }))(inputOf())).data).toBe(data)
  expect(steps).toEqual([what === 'kept' ? expect.objectContaining({ status: 201 }) : 'release'])
})

describe('how many keys a caller may store', () => {
  const may = (permissions: readonly string[]): Caller => ({
    ...ANONYMOUS,
    kind: 'user',
    userId: '1',
    permissions: new Set(permissions),
  })

  it.each<[Partial<Input>, string]>([
    [{ caller: may([]) }, 'user:1'],
    [{ caller: may(['users:read', 'roles:read']) }, 'user:1'],
    [{ caller: { ...may([]), kind: 'api_key', keyId: '2' } }, 'key:2'],
    [{ caller: ANONYMOUS, client: { address: '2001:db8::7', userAgent: undefined } }, 'anonymous:2001:db8:0:0::/64'],
  ])('is counted: %j', async (more, name) => {
    const { store, claims } = storeOf()
    await guard(store, async () => DONE)(inputOf(more))
    expect(rates.limit).toHaveBeenCalledWith('keys', name)
    rates.limit.mockRejectedValueOnce(new AppError('RATE_LIMITED'))
    await expect(guard(store, async () => DONE)(inputOf(more))).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(claims).toHaveLength(1)
  })

  it.each([[OPERATOR], [may(['users:write'])], [may(['roles:write'])]])('is not for %j', async (caller) => {
    await guard(storeOf().store, async () => DONE)(inputOf({ caller }))
    expect(rates.limit).not.toHaveBeenCalled()
  })
})

it('an answer that cannot be kept is given all the same', async () => {
  const { store } = storeOf()
  const broken = { ...store, keep: async () => Promise.reject(new AppError('SERVICE_UNAVAILABLE')) }
  expect(await guard(broken, async () => DONE)(inputOf())).toEqual(DONE)
})

it('nothing is done where the store cannot say whether it was done', async () => {
  const { store } = storeOf()
  const handle = jest.fn(async () => DONE)
  const broken = { ...store, begin: async () => Promise.reject(new AppError('SERVICE_UNAVAILABLE')) }
  await expect(guard(broken, handle)(inputOf())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  expect(handle).not.toHaveBeenCalled()
})

it('an attempt at work gives signs of life well within the lease, and none afterwards', async () => {
  jest.useFakeTimers()
  try {
    const { store, steps } = storeOf()
    let finish: (reply: Reply) => void = () => undefined
    const work = guard(store, () => new Promise<Reply>((resolve) => (finish = resolve)))(inputOf())
    await jest.advanceTimersByTimeAsync(LEASE_MS)
    expect(steps).toEqual(['renew', 'renew', 'renew'])
    finish(DONE)
    await work
    await jest.advanceTimersByTimeAsync(LEASE_MS)
    expect(steps).toHaveLength(4)
  } finally {
    jest.useRealTimers()
  }
})

describe('a claim', () => {
  const claimed = async (more: Partial<Input>, row: object = {}) => {
    const { store, claims } = storeOf()
    await guard(store, async () => DONE, row)(inputOf(more))
    return claims[0]!
  }
  const person = (userId: string, sessionId: string): Caller => ({ ...ANONYMOUS, kind: 'user', userId, sessionId })

  it('is of the caller: person, key, operator, or address', async () => {
    const callers: Partial<Input>[] = [
      { caller: OPERATOR },
      { caller: person('1', 's') },
      { caller: person('2', 's') },
      { caller: { ...person('1', 's'), kind: 'api_key', keyId: '1' } },
      { caller: ANONYMOUS },
      { caller: ANONYMOUS, client: { address: '10.0.0.2', userAgent: undefined } },
    ]
    const ids = await Promise.all(callers.map(async (caller) => (await claimed(caller)).id))
    expect(new Set(ids).size).toBe(callers.length)
    expect((await claimed({ caller: person('1', 'another') })).id).toBe(ids[1])
  })

  it('knows another request by its route, path, query and body, whatever the order of fields', async () => {
    const one = { body: { a: { x: 1, y: [1, 2] }, b: null } }
    const { fingerprint, owner } = await claimed(one)
    const same = await claimed({ body: { b: null, a: { y: [1, 2], x: 1 } } })
    expect(same.fingerprint).toBe(fingerprint)
    expect(same.owner).not.toBe(owner)
    const others = await Promise.all([
      claimed({ body: { a: { x: 1, y: [2, 1] }, b: null } }),
      claimed({ ...one, params: { id: '1' } }),
      claimed({ ...one, query: { force: true } }),
      claimed(one, { operation: 'another' }),
    ])
    expect(new Set([fingerprint, ...others.map((claim) => claim.fingerprint)]).size).toBe(5)
  })
})

it.each([
  [{ kind: 'in_flight', waitMs: 2_001 }, 'IDEMPOTENCY_CONFLICT', { 'Retry-After': '3' }],
  [{ kind: 'in_flight', waitMs: 1 }, 'IDEMPOTENCY_CONFLICT', { 'Retry-After': '1' }],
  [{ kind: 'mismatch' }, 'IDEMPOTENCY_MISMATCH', {}],
] as const)('%j is %s', async (begun, code, headers) => {
  const handle = jest.fn(async () => DONE)
  await expect(guard(storeOf(begun).store, handle)(inputOf())).rejects.toMatchObject({ code, headers })
  expect(handle).not.toHaveBeenCalled()
})

it('a problem with the key is told for POST alone', () => {
  expect(keyProblem({ method: 'put' } as Route, '')).toBeUndefined()
  expect(keyProblem({ method: 'post' } as Route, undefined)).toBeUndefined()
  expect(keyProblem({ method: 'post' } as Route, '\u0007')).toMatchObject({ code: 'idempotency.key' })
  expect(keyProblem({ method: 'post', secret: true } as Route, 'k')).toMatchObject({ code: 'idempotency.secret' })
})
