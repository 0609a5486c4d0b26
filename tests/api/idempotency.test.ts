import { BODY_BYTES_MAX } from '../../src/http/body'
import { LEASE_MS } from '../../src/http/idempotency'
import { QUOTAS } from '../../src/limits/rate-limiter'
import { startApi, type TestApi } from '../support/api'
import { until } from '../support/service-process'
import { callersOf, OPERATOR_KEY, REQUIRED, type Someone } from '../support/people'

const HEADER = 'Idempotency-Key'
/** A store that is slow, on a machine that is busy, is not what these are about. */
const PATIENT = { MONGO_DEADLINE_MS: '30000' }
let made = 0
const email = () => `once.${(made += 1)}@example.com`
const key = () => `key ${(made += 1)}`

/** A record as a process leaves it that dies at work: without an answer, and its lease is over. */
async function breakOff(api: TestApi, which: object): Promise<void> {
  const left = { $unset: { reply: 1, subject: 1 }, $set: { lease_until: new Date(Date.now() - LEASE_MS) } } as const
  expect((await records(api).updateMany(which, left)).matchedCount).toBe(1)
}
const records = (api: TestApi) => api.connection.collection('idempotency')

describe.each([400, 422])('Idempotency-Key, with validation status %i', (invalid) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi({ ...PATIENT, VALIDATION_STATUS: String(invalid), CORS_ORIGINS: 'https://app.example' })
  })
  afterAll(() => api.stop())
  beforeEach(() => records(api).deleteMany({}))

  const post = (path: string, idempotencyKey: string, body: object = {}) =>
    api.request.post(path).set(HEADER, idempotencyKey).send(body)
  const create = async (more: object = {}) =>
    (await api.request.post('/users').send({ name: 'N', email: email(), ...more })).body.data

  test('the first answer is given again: status, body, Location and ETag', async () => {
    const once = key()
    const body = { name: 'Ann', email: email(), metadata: { b: 1, 7: 2, a: { c: null } } }
    const first = await post('/api/v1/users', once, body)
    await api.request.patch(first.headers['location']!).send({ age: 40 }).expect(200)
    // Another address of the same route, and another order of the fields.
    const { metadata, name, email: address } = body
    const second = await post('/users/', once, { metadata, email: ` ${address.toUpperCase()} `, name })

    expect(first.status).toBe(201)
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    expect([second.status, second.text]).toEqual([201, first.text])
    expect(second.headers).toMatchObject({
      'idempotency-replayed': 'true',
      etag: first.headers['etag'],
      location: first.headers['location'],
    })
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
    expect((await api.request.get(`/users?email=${address}`)).body.data).toHaveLength(1)
  })

  test('a refusal is given again as well', async () => {
    const once = key()
    const { id, email: taken } = await create()
    const first = await post('/users', once, { name: 'B', email: taken })
    await api.request.delete(`/users/${id}`).expect(204)
    const second = await post('/users', once, { name: 'B', email: taken })

    expect([first.status, first.body.data.code]).toEqual([409, 'EMAIL_TAKEN'])
    expect([second.status, second.text, second.headers['idempotency-replayed']]).toEqual([409, first.text, 'true'])
  })

  test('an answer without a body is given again', async () => {
    const { id } = await create()
    await api.request.delete(`/users/${id}`).expect(204)
    const once = key()
    await post(`/users/${id}/purge`, once).expect(204)
    const second = await post(`/users/${id}/purge`, once)

    expect([second.status, second.text, second.headers['idempotency-replayed']]).toEqual([204, '', 'true'])
  })

  test('what is refused before anything is done leaves the key free', async () => {
    const once = key()
    const refused = await post('/users', once, { name: 'C', email: 'nobody' })
    expect(refused.status).toBe(invalid)
    await post('/users', once, { name: 'x'.repeat(BODY_BYTES_MAX) }).expect(413)
    await post('/users', once, { name: 'C', email: email() }).expect(201)
  })

  test('a refusal by the rules is given again, also when it would not be one any more', async () => {
    const once = key()
    const name = `ROLE_${(made += 1)}`
    const body = { name: 'C', email: email(), roles: [name] }
    const first = await post('/users', once, body)
    await post('/roles', key(), { name }).expect(201)
    const second = await post('/users', once, body)

    expect([first.status, first.body.data.code]).toEqual([invalid, 'VALIDATION_FAILED'])
    expect([second.status, second.text, second.headers['idempotency-replayed']]).toEqual([invalid, first.text, 'true'])
    expect((await post('/users', key(), body)).status).toBe(201)
  })

  test.each(['another payload', 'another route', 'another path'])('%s: 422', async (what) => {
    const once = key()
    const [one, two] = [await create(), await create()]
    await post(`/users/${one.id}/roles`, once, { roles: ['ADMIN'] }).expect(200)
    const path = what === 'another route' ? '/roles' : `/users/${what === 'another path' ? two.id : one.id}/roles`
    const body =
      what === 'another route' ? { name: 'SOMETHING' } : { roles: [what === 'another path' ? 'ADMIN' : 'CLIENT'] }
    const answer = await post(path, once, body)

    expect([answer.status, answer.body.data.code]).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
    expect((await api.request.get(`/users/${two.id}`)).body.data.roles).toEqual(['CLIENT'])
  })

  test('at the same time: one is done, the others are told that it is, or get its answer', async () => {
    const once = key()
    const body = { name: 'D', email: email(), password: 'Password@123' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/users', once, body)))
    const fresh = answers.filter(({ status, headers }) => status === 201 && !headers['idempotency-replayed'])
    const waiting = answers.filter(({ status }) => status === 409)

    expect(fresh).toHaveLength(1)
    expect(waiting.length).toBeGreaterThan(0)
    for (const { body: said, headers } of waiting) {
      expect([said.data.code, headers['retry-after']]).toEqual(['IDEMPOTENCY_CONFLICT', '3'])
    }
    expect((await post('/users', once, body)).text).toBe(fresh[0]!.text)
  })

  test('an attempt that broke off after its effect is taken up: one user, and its answer', async () => {
    const once = key()
    const body = { name: 'E', email: email(), password: 'Password@123', roles: ['ADMIN', 'CLIENT'] }
    const first = await post('/users', once, body)
    await breakOff(api, {})
    const second = await post('/users', once, body)

    expect([second.status, second.text, second.headers['location']]).toEqual([
      201,
      first.text,
      first.headers['location'],
    ])
    expect(second.headers).not.toHaveProperty('idempotency-replayed')
    expect((await post('/users', once, body)).headers['idempotency-replayed']).toBe('true')
  })

  test('an attempt that broke off before its effect is taken up as well', async () => {
    const once = key()
    const body = { name: 'E', email: email() }
    const { body: first } = await post('/users', once, body)
    await breakOff(api, {})
    await api.connection.collection('users').deleteOne({ email: body.email })
    const second = await post('/users', once, body)

    expect([second.status, second.body.data.id]).toEqual([201, first.data.id])
  })

  test('an attempt that broke off, whose user was deleted since, makes no second one', async () => {
    const once = key()
    const body = { name: 'E', email: email() }
    const first = await post('/users', once, body)
    await api.request.delete(first.headers['location']!).expect(204)
    await breakOff(api, {})
    const second = await post('/users', once, body)

    expect([second.status, second.body.data.id]).toEqual([201, first.body.data.id])
    expect((await api.request.get(`/users?email=${body.email}`)).body.data).toEqual([])
  })

  test.each([
    ['creating a role', async () => ['/roles', { name: `ROLE_${(made += 1)}`, permissions: ['users:read'] }] as const],
    ['granting a role', async () => [`/users/${(await create()).id}/roles`, { roles: ['ADMIN'] }] as const],
    [
      'restoring',
      async () => {
        const { id } = await create({ roles: ['ADMIN'] })
        await api.request.delete(`/users/${id}`).expect(204)
        return [`/users/${id}/restore`, {}] as const
      },
    ],
    [
      'purging',
      async () => {
        const { id } = await create()
        await api.request.delete(`/users/${id}`).expect(204)
        return [`/users/${id}/purge`, {}] as const
      },
    ],
  ])('%s is taken up where it broke off', async (_, prepare) => {
    const once = key()
    const [path, body] = await prepare()
    const first = await post(path, once, body)
    await breakOff(api, {})
    const second = await post(path, once, body)

    expect(first.status).toBeLessThan(300)
    expect([second.status, second.text]).toEqual([first.status, first.text])
  })

  test("somebody else's role of that name is not one's own", async () => {
    const once = key()
    const name = `ROLE_${(made += 1)}`
    await post('/roles', once, { name }).expect(201)
    await api.request.patch(`/roles/${name}`).send({ description: 'Changed' }).expect(200)
    await breakOff(api, {})
    const second = await post('/roles', once, { name })

    expect([second.status, second.body.data.code]).toEqual([409, 'ROLE_TAKEN'])
  })

  test('after 24 hours the key is free, though the sweep has not come round', async () => {
    const once = key()
    const [one, two] = [
      { name: 'F', email: email() },
      { name: 'F', email: email() },
    ]
    const before = Date.now()
    await post('/users', once, one).expect(201)
    const [record] = await records(api).find({}).toArray()
    expect(record!['purge_at'].getTime() - before).toBeGreaterThanOrEqual(86_400_000)
    await records(api).updateMany({}, { $set: { purge_at: new Date(Date.now() - 1) } })
    const answer = await post('/users', once, two)

    expect([answer.status, answer.body.data.email]).toEqual([201, two.email])
  })

  test('what is kept names neither the key nor the request, and goes when the user is purged', async () => {
    const once = 'a-key-that-shows'
    const body = { name: 'G', email: email(), password: 'Password@123' }
    const { id } = (await post('/users', once, body)).body.data
    const kept = await records(api).findOne({ subject: id })
    expect(JSON.stringify(kept)).not.toContain(once)
    expect(JSON.stringify(kept)).not.toContain('Password@123')

    await api.request.delete(`/users/${id}`).expect(204)
    await api.request.post(`/users/${id}/purge`).expect(204)
    expect(await records(api).countDocuments({ subject: id })).toBe(0)
  })

  test.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['not ASCII', 'caf\u00e9'],
  ])('a key that is %s: V, with all other problems', async (_, bad) => {
    const answer = await post('/users', bad, { name: 'H', email: 'nobody' })
    expect(answer.status).toBe(invalid)
    expect(answer.body.data.errors.map(({ field }: { field: string }) => field)).toEqual([HEADER, 'email'])
  })

  test('a key of 255 characters is taken', async () => {
    await post('/users', '~'.repeat(255), { name: 'H', email: email() }).expect(201)
  })

  test.each(['/auth/login', '/auth/refresh'])('POST %s: its answer carries a secret, so V', async (path) => {
    const answer = await post(path, key(), {})
    expect(answer.status).toBe(invalid)
    expect(answer.body.data.errors).toContainEqual({
      field: HEADER,
      code: 'idempotency.secret',
      message: 'Idempotency-Key is refused here: the answer carries a secret, and is not kept',
    })
    expect(await records(api).countDocuments()).toBe(0)
  })

  test('other methods do not look at it, and no request without it is written down', async () => {
    await api.request.get('/users').set(HEADER, '').expect(200)
    await create()
    expect(await records(api).countDocuments()).toBe(0)
  })

  test('scripts of other origins may read whether an answer is a replay', async () => {
    const answer = await api.request.get('/ping').set('Origin', 'https://app.example')
    expect(answer.headers['access-control-expose-headers']).toContain('Idempotency-Replayed')
  })

  test('the OpenAPI document shows it on every POST that takes it, and on no other', async () => {
    const { body } = await api.request.get('/openapi.json')
    const shown = (operation: { parameters?: { name: string }[] }) =>
      operation.parameters?.some(({ name }) => name === HEADER) ?? false
    expect(shown(body.paths['/api/v1/users'].post)).toBe(true)
    expect(Object.keys(body.paths['/api/v1/users'].post.responses['201'].headers)).toContain('Idempotency-Replayed')
    expect(Object.keys(body.paths['/api/v1/users'].post.responses)).toEqual(expect.arrayContaining(['409', '422']))
    expect(shown(body.paths['/api/v1/auth/login'].post)).toBe(false)
    expect(shown(body.paths['/api/v1/users'].get)).toBe(false)
  })
})

describe('what a key may cost', () => {
  let api: TestApi
  let person: Someone
  let people: ReturnType<typeof callersOf>
  beforeAll(async () => {
    api = await startApi({ ...REQUIRED, ...PATIENT, TRUST_PROXY: 'loopback' })
    people = callersOf(api)
    person = await people.someone('CLIENT')
  })
  afterAll(() => api.stop())

  const question = { method: 'GET', path: '/users' }
  const ask = (token: string) => people.as(token).post('/authz/explain').send(question)
  /** As if so much had been counted already. */
  const counted = (points: number) =>
    api.connection.collection('rate_counts').updateMany({ key: /^keys:/ }, { $set: { points } })

  test('who may store nothing else stores so many keys an hour, and no more; others are not counted', async () => {
    await ask(person.token).set(HEADER, key()).expect(200)
    await counted(QUOTAS.keys.quota - 1)
    await ask(person.token).set(HEADER, key()).expect(200)
    const before = await records(api).countDocuments()
    const refused = await ask(person.token).set(HEADER, key())

    expect([refused.status, refused.body.data.code]).toEqual([429, 'RATE_LIMITED'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.headers['ratelimit-policy']).toBe('"keys";q=1000;w=3600')
    expect(await records(api).countDocuments()).toBe(before)
    await ask(person.token).expect(200)
    await ask(OPERATOR_KEY).set(HEADER, key()).expect(200)
    await ask((await people.someone('CLIENT')).token)
      .set(HEADER, key())
      .expect(200)
  })

  test('nobody is the same caller in a network, and another one elsewhere', async () => {
    const once = key()
    const forgot = (from: string, address: string) =>
      api.request
        .post('/auth/password/forgot')
        .set({ [HEADER]: once, 'X-Forwarded-For': from })
        .send({ email: address })
    const [one, two] = [email(), email()]
    await forgot('2001:db8:1:2::1', one).expect(202)
    const same = await forgot('2001:db8:1:2:ffff::2', one)
    expect([same.status, same.headers['idempotency-replayed']]).toEqual([202, 'true'])
    await forgot('2001:db8:1:2::1', two).expect(422)
    await forgot('2001:db8:1:3::1', two).expect(202)
  })

  test('the largest answer that there is takes little', async () => {
    const body = { name: 'ÿ'.repeat(100), email: email(), metadata: { large: 'ÿ'.repeat(8_000) } }
    await people.operator.post('/users').set(HEADER, key()).send(body).expect(201)
    const sizes = (await records(api).find().toArray()).map((record) => JSON.stringify(record).length)
    expect(Math.max(...sizes)).toBeLessThan(32_768)
  })

  test('who may no longer make the call does not get its answer again', async () => {
    await people.role('MAKER', 'users:write', 'users:read')
    const maker = await people.someone('MAKER')
    const once = key()
    const body = { name: 'J', email: email() }
    const make = () => people.as(maker.token).post('/users').set(HEADER, once).send(body)
    await make().expect(201)
    await people.operator
      .put(`/users/${maker.id}/roles`)
      .send({ roles: ['CLIENT'] })
      .expect(200)
    // Every process knows of the change within a second.
    const refused = async () => (await make()).status === 403
    await until(refused, 20_000, () => 'it is let in still')
  })
})

describe('whose key it is', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi({
      AUTH_MODE: 'required',
      BOOTSTRAP_API_KEY: 'rck_bootstrap_0123456789abcdef0123456789abcdef',
      ADMIN_EMAIL: 'root@example.com',
      ADMIN_PASSWORD: 'Str0ng-enough-42',
    })
  })
  afterAll(() => api.stop())

  test('each caller has keys of its own; a person has the same ones in every session', async () => {
    const login = async () => {
      const answer = await api.request
        .post('/auth/login')
        .send({ email: 'root@example.com', password: 'Str0ng-enough-42' })
      return String(answer.body.data.access_token)
    }
    const once = key()
    const create = (bearer: string, address: string) =>
      api.request.post('/users').auth(bearer, { type: 'bearer' }).set(HEADER, once).send({ name: 'I', email: address })
    const [one, two] = [email(), email()]
    const operator = await create('rck_bootstrap_0123456789abcdef0123456789abcdef', one)
    const person = await create(await login(), two)
    const sameOne = await create(await login(), two)

    expect([operator.status, person.status]).toEqual([201, 201])
    expect([sameOne.text, sameOne.headers['idempotency-replayed']]).toEqual([person.text, 'true'])
    await api.request.post('/users').set(HEADER, once).send({ name: 'I', email: two }).expect(401)
  })
})
