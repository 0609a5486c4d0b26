import { ObjectId } from 'mongodb'
import request from 'supertest'
import type { PersonalExport } from '../../src/privacy/privacy.service'
import { MongooseUserDao } from '../../src/users/user.mongoose-dao'
import { startApi, type TestApi } from '../support/api'
import { until } from '../support/service-process'
import { type SignedIn, signIn } from '../support/sign-in'

const PASSWORD = 'Password@123'
const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: PASSWORD }

/** Collections that hold something on persons, with what takes it away. Each of them is in the export. */
const PERSONAL = [
  'users',
  'deleted_users',
  'sessions',
  'api_keys',
  'one_time_tokens',
  'email_changes',
  'authenticators',
]
/**
 * Collections that name nobody (keys and counters by digest, and what the service itself needs), or, as the mailbox of a
 * development machine, hold for an hour what the person has been sent.
 */
const NOT_EXPORTED = [
  'dev_mailbox',
  'guards',
  'login_attempts',
  'purged_users',
  'rate_counts',
  'roles',
  'setup_links',
  'signing_keys',
]

let api: TestApi
let admin: SignedIn

const as = (who: SignedIn) => ({
  get: (path: string) => api.request.get(path).set(who.headers),
  post: (path: string, body?: object) => api.request.post(path).set(who.headers).send(body),
  put: (path: string, body: object) => api.request.put(path).set(who.headers).send(body),
  delete: (path: string) => api.request.delete(path).set(who.headers),
})
const byAdmin = () => as(admin)
const make = async (email: string, more: object = {}): Promise<string> => {
  const { body } = await byAdmin()
    .post('/users', { name: 'Somebody', email, password: PASSWORD, ...more })
    .expect(201)
  return body.data.id
}
const count = (collection: string, filter: object) => api.connection.collection(collection).countDocuments(filter)

async function begin(env: Readonly<Record<string, string>> = {}): Promise<void> {
  api = await startApi({ AUTH_MODE: 'required', PUBLIC_URL: 'https://id.example.com', ...ADMIN, ...env })
  admin = await signIn(api, 'root@example.com', PASSWORD)
  await byAdmin()
    .post('/roles', { name: 'READER', permissions: ['users:read'] })
    .expect(201)
}

/** A person who has left something in every place. */
async function richPerson(email: string): Promise<{ id: string; person: SignedIn; key: string }> {
  const id = await make(email, { metadata: { plan: 'pro' }, roles: ['READER'] })
  const person = await signIn(api, email, PASSWORD)
  const made = await as(person)
    .post('/auth/api-keys', { name: 'laptop', permissions: ['users:read'] })
    .expect(201)
  await as(person).post('/auth/mfa/totp').expect(200)
  await as(person)
    .put(`/users/${id}/email`, { email: `new.${email}` })
    .expect(202)
  await api.request.post('/auth/password/forgot').send({ email }).expect(202)
  // The mail goes out after the answer.
  const end = Date.now() + 5_000
  while ((await count('one_time_tokens', { user_id: id })) === 0 && Date.now() < end) await new Promise(setImmediate)
  return { id, person, key: made.body.data.key }
}

describe('GET /users/{id}/export', () => {
  beforeAll(() => begin())
  afterAll(() => api.stop())

  it('gives the person all that is held on it, and no secret', async () => {
    const { id, person, key } = await richPerson('rich@example.com')
    const { status, headers, body, text } = await as(person).get(`/users/${id}/export`)
    const data: PersonalExport = body.data

    expect(status).toBe(200)
    expect(headers['content-disposition']).toBe(`attachment; filename="user-${id}.json"`)
    expect(headers['cache-control']).toContain('no-store')
    expect(Object.keys(body)).toEqual(['data', 'message', 'status_code'])
    expect(Object.keys(data)).toEqual([
      'exported_at',
      'user',
      'grants',
      'deletion',
      'sessions',
      'api_keys',
      'account',
      'second_factor',
    ])
    expect(data.user).toMatchObject({ id, email: 'rich@example.com', metadata: { plan: 'pro' } })
    expect(data.grants).toEqual([{ role: 'READER', granted_at: expect.any(String), expires_at: null }])
    expect(data.deletion).toBeNull()
    expect(data['sessions']).toHaveLength(1)
    expect(data['api_keys']).toEqual([expect.objectContaining({ name: 'laptop' })])
    expect(data['account']).toMatchObject({
      pending_tokens: [expect.objectContaining({ purpose: expect.any(String) })],
      pending_email_change: { from: 'rich@example.com', to: 'new.rich@example.com' },
    })
    expect(text).not.toContain(key)
    expect(text).not.toMatch(/password_hash|"hash"|\$2[aby]\$|tag_key|"secret"|salt/)
  })

  it('covers every collection that there is', async () => {
    await richPerson('every@example.com')
    const names = (await api.connection.listCollections()).map(({ name }) => name).sort()

    expect(names.filter((name) => !PERSONAL.includes(name) && !NOT_EXPORTED.includes(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(PERSONAL))
  })

  it('gives holders of users:read a deleted user as well; others find nobody', async () => {
    const { id } = await richPerson('gone@example.com')
    const other = await make('other@example.com').then(() => signIn(api, 'other@example.com', PASSWORD))
    await byAdmin().delete(`/users/${id}`).expect(204)
    const { body } = await byAdmin().get(`/users/${id}/export`).expect(200)

    expect(body.data.deletion).toEqual({
      deleted_at: expect.any(String),
      purge_at: expect.any(String),
      email_reserved: false,
    })
    expect(body.data.user.email).toBe('gone@example.com')
    expect((await as(other).get(`/users/${id}/export`)).body.data.code).toBe('USER_NOT_FOUND')
    expect((await byAdmin().get(`/users/${new ObjectId().toHexString()}/export`)).status).toBe(404)
    expect((await byAdmin().get('/users/nobody/export')).status).toBe(404)
  })

  it('agrees with the OpenAPI document about its fields', async () => {
    const { body } = await byAdmin().get(`/users/${admin.userId}/export`)
    const { body: document } = await request(api.app).get('/openapi.json')

    expect(Object.keys(document.components.schemas.PersonalExport.properties).sort()).toEqual(
      Object.keys(body.data).sort(),
    )
  })
})

describe('a user who is purged as soon as it is deleted', () => {
  beforeAll(() => begin())
  afterAll(() => api.stop())

  it('may do nothing any more within a second, with its token and with its key', async () => {
    const { id, person, key } = await richPerson('at.once@example.com')
    const byKey = { ...person, headers: { Authorization: `Bearer ${key}` } }
    for (const who of [person, byKey]) await as(who).get('/users').expect(200)
    await byAdmin().delete(`/users/${id}`).expect(204)
    await byAdmin().post(`/users/${id}/purge`).expect(204)
    const gone = async () =>
      (await Promise.all([person, byKey].map((who) => as(who).get('/users')))).map((a) => a.status)

    await until(
      async () => (await gone()).every((status) => status === 401),
      1_000,
      () => 'The purged user still comes in',
    )
    expect(await count('purged_users', {})).toBe(1)
  })
})

describe('POST /users/{id}/purge', () => {
  beforeAll(() => begin())
  afterAll(() => api.stop())

  it('leaves nothing of a deleted user anywhere', async () => {
    const { id } = await richPerson('purged@example.com')
    const held = async () =>
      Promise.all([
        count('users', { email: 'purged@example.com' }),
        count('deleted_users', { email: 'purged@example.com' }),
        count('sessions', { user_id: id }),
        count('api_keys', { user_id: id }),
        count('one_time_tokens', { user_id: id }),
        count('email_changes', { _id: id }),
        count('authenticators', { _id: id }),
      ])
    const before = await held()
    await byAdmin().delete(`/users/${id}`).expect(204)
    await byAdmin().post(`/users/${id}/purge`).expect(204)

    expect(before).toEqual([1, 0, 1, 1, 1, 1, 1])
    expect(await held()).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect((await byAdmin().post(`/users/${id}/restore`)).status).toBe(404)
    expect((await byAdmin().get(`/users/${id}/export`)).status).toBe(404)
    expect((await byAdmin().post(`/users/${id}/purge`)).body.data.code).toBe('USER_NOT_FOUND')
  })

  it('knows no living user', async () => {
    const id = await make('living@example.com')

    expect((await byAdmin().post(`/users/${id}/purge`)).body.data.code).toBe('USER_NOT_FOUND')
    expect((await byAdmin().get(`/users/${id}`)).status).toBe(200)
  })

  it('takes a fresh proof of identity', async () => {
    const id = await make('careful@example.com')
    await byAdmin().delete(`/users/${id}`).expect(204)
    await api.connection
      .collection('sessions')
      .updateMany({}, { $set: { authenticated_at: new Date(Date.now() - 3_600_000) } })
    const stale = await signIn(api, 'root@example.com', PASSWORD)
    await api.connection
      .collection<{ _id: string }>('sessions')
      .updateOne({ _id: stale.sessionId }, { $set: { authenticated_at: new Date(Date.now() - 3_600_000) } })

    expect((await as(stale).post(`/users/${id}/purge`)).body.data.code).toBe('STEP_UP_REQUIRED')
    expect(await count('deleted_users', { email: 'careful@example.com' })).toBe(1)
  })
})

describe('the e-mail of a deleted user', () => {
  afterEach(() => api.stop())

  it('is free at once by default', async () => {
    await begin()
    const id = await make('free@example.com')
    await byAdmin().delete(`/users/${id}`).expect(204)

    await make('free@example.com')
  })

  it('DELETED_EMAIL=reserved: nobody can have it before the purge', async () => {
    await begin({ DELETED_EMAIL: 'reserved', ALLOW_REGISTRATION: 'true' })
    const id = await make('kept@example.com')
    const other = await make('other@example.com')
    await byAdmin().delete(`/users/${id}`).expect(204)
    const refused = [
      await byAdmin().post('/users', { name: 'New', email: 'Kept@Example.com' }),
      await byAdmin().put(`/users/${other}/email`, { email: 'kept@example.com' }),
      await api.request.post('/auth/register').send({ name: 'New', email: 'kept@example.com', password: PASSWORD }),
    ]
    const unchanged = await byAdmin().get(`/users/${other}`)
    const total = await count('users', {})

    expect(refused.map(({ status, body }) => [status, body.data.code])).toEqual(refused.map(() => [409, 'EMAIL_TAKEN']))
    expect(unchanged.body.data).toMatchObject({ email: 'other@example.com', version: 1 })
    expect(total).toBe(2)
    expect((await byAdmin().get(`/users/${id}/export`)).body.data.deletion.email_reserved).toBe(true)

    await byAdmin().post(`/users/${id}/purge`).expect(204)
    await make('kept@example.com')
  })

  it('comes back with its user', async () => {
    await begin({ DELETED_EMAIL: 'reserved' })
    const id = await make('back@example.com')
    await byAdmin().delete(`/users/${id}`).expect(204)
    await byAdmin().post(`/users/${id}/restore`).expect(200)
    await byAdmin().put(`/users/${id}/email`, { email: 'moved@example.com' }).expect(200)

    await make('back@example.com')
  })

  it('release_email=true gives it free at the deletion', async () => {
    await begin({ DELETED_EMAIL: 'reserved' })
    const id = await make('released@example.com')
    await byAdmin().delete(`/users/${id}?release_email=true`).expect(204)
    await make('released@example.com')

    expect((await byAdmin().post(`/users/${id}/restore`)).body.data.code).toBe('EMAIL_TAKEN')
  })

  it('is free when the time to come back is over, before anybody has swept', async () => {
    await begin({ DELETED_EMAIL: 'reserved' })
    const id = await make('over@example.com')
    await byAdmin().delete(`/users/${id}`).expect(204)
    await api.connection.collection('deleted_users').updateOne({}, { $set: { purge_at: new Date(Date.now() - 1) } })

    await make('over@example.com')
  })

  it('deleting and taking it at once never leaves two who have it', async () => {
    await begin({ DELETED_EMAIL: 'reserved' })
    for (let round = 0; round < 10; round += 1) {
      const email = `race.${round}@example.com`
      const id = await make(email)
      const movers = await Promise.all(['one', 'two'].map((who) => make(`mover.${who}.${round}@example.com`)))
      const [removed, ...takers] = await Promise.all([
        byAdmin().delete(`/users/${id}`),
        ...Array.from({ length: 4 }, () => byAdmin().post('/users', { name: 'Taker', email })),
        ...movers.map((mover) => byAdmin().put(`/users/${mover}/email`, { email })),
      ])

      expect(removed.status).toBe(204)
      expect(takers.map(({ status }) => status)).toEqual(takers.map(() => 409))
      expect(await count('users', { email })).toBe(0)
      for (const [at, who] of ['one', 'two'].entries()) {
        const { body } = await byAdmin().get(`/users/${movers[at]}`)
        expect(body.data.email).toBe(`mover.${who}.${round}@example.com`)
      }
    }
  })

  it('a deletion between the look and the change: the change is taken back', async () => {
    await begin({ DELETED_EMAIL: 'reserved' })
    const id = await make('between@example.com')
    const mover = await make('before@example.com')
    const dao = new MongooseUserDao(api.connection, 10_000, 'reserved')
    const user = (await dao.find(mover))!
    const users = api.connection.collection('users')
    const deleted = api.connection.collection('deleted_users')
    // The deletion happens when the look before the change is over: the reader of tombstones sees none the first time.
    const find = deleted.find.bind(deleted)
    const spy = jest.spyOn(MongooseUserDao.prototype as never, 'formerEmail' as never)
    spy.mockImplementationOnce((async () => {
      const document = await users.findOne({ _id: new ObjectId(id) })
      await deleted.insertOne({
        ...document,
        deleted_at: new Date(),
        purge_at: new Date(Date.now() + 60_000),
        reserved_email: 'between@example.com',
      })
      await users.deleteOne({ _id: new ObjectId(id) })
      return { email: user.email, email_verified: user.email_verified }
    }) as never)
    const changed = { ...user, email: 'between@example.com', version: user.version + 1 }

    await expect(dao.replace(changed, user.version)).rejects.toMatchObject({ code: 'EMAIL_TAKEN' })
    expect(await users.findOne({ _id: new ObjectId(mover) })).toMatchObject({ email: 'before@example.com', version: 3 })
    expect(await find({}).toArray()).toHaveLength(1)
    spy.mockRestore()
  })
})
