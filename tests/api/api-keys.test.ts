import { startApi, type TestApi } from '../support/api'
import { callersOf, PASSWORD, refusal, REQUIRED, type Someone } from '../support/people'
import { signIn } from '../support/sign-in'
import { until } from '../support/service-process'

const PATH = '/api/v1/auth/api-keys'
const ACTS_WITHIN_MS = 1_000

let api: TestApi
let call: ReturnType<typeof callersOf>
let support: Someone

beforeAll(async () => {
  api = await startApi(REQUIRED)
  call = callersOf(api)
  await call.role('SUPPORT', 'users:read', 'users:write')
  support = await call.someone('SUPPORT')
})
afterAll(async () => api.stop())

const make = async (who: Someone, body: object = {}) => {
  const answer = await call
    .as(who.token)
    .post(PATH)
    .send({ name: 'Nightly', permissions: ['users:read'], ...body })
  expect(answer.status).toBe(201)
  return answer.body.data as { id: string; key: string }
}
const statusWith = async (key: string, path = '/users') => (await call.as(key).get(path)).status
const soon = async (key: string, status: number) =>
  until(
    async () => (await statusWith(key)) === status,
    ACTS_WITHIN_MS,
    () => `${status} did not come within a second`,
  )

test('POST 201 shows the key once, and nobody may store it', async () => {
  const answer = await call
    .as(support.token)
    .post('/auth/api-keys')
    .send({ name: ' Nightly ', permissions: ['users:read'] })
  const { key, ...view } = answer.body.data
  expect(answer.body).toEqual({
    data: {
      id: expect.stringMatching(/^[0-9A-Za-z]{12}$/),
      name: 'Nightly',
      prefix: `rck_${view.id}`,
      permissions: ['users:read'],
      created_at: expect.any(String),
      expires_at: null,
      last_used_at: null,
      key: expect.stringMatching(/^rck_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/),
    },
    message: 'API key made',
    status_code: 201,
  })
  expect(answer.headers).toMatchObject({
    'cache-control': expect.stringContaining('no-store'),
    location: `${PATH}/${view.id}`,
  })
  const listed = await call.as(support.token).get(PATH)
  expect(listed.body).toEqual({ data: [view], message: 'API keys listed', status_code: 200 })
  const stored = await api.connection.collection('api_keys').findOne({ name: 'Nightly' })
  expect(stored).toMatchObject({ _id: view.id, user_id: support.id, slot: expect.any(Number) })
  expect(JSON.stringify(stored)).not.toContain(key.split('_')[2])
})

test('POST lists every problem, and what the person lacks is 403', async () => {
  const wrong = { name: ' ', permissions: ['Users', 'a:b', 'a:b'], expires_at: 'soon', more: 1 }
  expect(refusal(await call.as(support.token).post(PATH).send(wrong)).slice(1)).toEqual([
    'VALIDATION_FAILED',
    'name: string.empty',
    'permissions.0: string.pattern.base',
    'permissions.2: array.unique',
    'expires_at: string.isoDate',
    'more: object.unknown',
  ])
  const body = { name: 'Key', permissions: ['users:read', 'users:delete'] }
  expect(refusal(await call.as(support.token).post(PATH).send(body))).toEqual([
    403,
    'FORBIDDEN',
    'permissions.1: access.escalation',
  ])
})

test('a key calls within its scopes, for nobody as itself, and makes no keys', async () => {
  const { key } = await make(support)
  expect(await statusWith(key)).toBe(200)
  expect(refusal(await call.as(key).post('/users').send({}))).toEqual([403, 'FORBIDDEN'])
  expect(refusal(await call.as(key).patch(`/users/${support.id}`).send({ name: 'X' }))).toEqual([403, 'FORBIDDEN'])
  expect(
    refusal(
      await call
        .as(key)
        .post(PATH)
        .send({ name: 'Key', permissions: ['users:read'] }),
    ),
  ).toEqual([401, 'UNAUTHENTICATED'])
  for (const path of ['/auth/me', '/auth/sessions', PATH]) expect(await statusWith(key, path)).toBe(401)
})

test("a key is not the person's password", async () => {
  const writer = await make(support, { permissions: ['users:read', 'users:write'] })
  const password = { password: 'SecurePass123', current_password: PASSWORD }
  expect(refusal(await call.as(writer.key).put(`/users/${support.id}/password`).send(password))).toEqual([
    403,
    'FORBIDDEN',
    'password: access.route',
  ])
  const email = { email: 'taken-over@example.com' }
  expect(refusal(await call.as(writer.key).put(`/users/${support.id}/email`).send(email))).toEqual([
    403,
    'FORBIDDEN',
    'email: access.route',
  ])
  await signIn(api, support.email, PASSWORD)
})

test('DELETE 204 ends it, and only the person itself can', async () => {
  const { id, key } = await make(support)
  expect(await statusWith(key)).toBe(200)
  const other = await call.someone('ADMIN')
  expect(refusal(await call.as(other.token).delete(`${PATH}/${id}`))).toEqual([404, 'API_KEY_NOT_FOUND'])
  const deleted = await call.as(support.token).delete(`${PATH}/${id}`)
  expect([deleted.status, deleted.text]).toEqual([204, ''])
  expect(await statusWith(key)).toBe(401)
  expect(refusal(await call.as(support.token).delete(`${PATH}/${id}`))).toEqual([404, 'API_KEY_NOT_FOUND'])
})

test('what its maker loses it loses, and gets back, within a second', async () => {
  const maker = await call.someone('SUPPORT')
  const { key } = await make(maker)
  expect(await statusWith(key)).toBe(200)
  await call.operator.put(`/users/${maker.id}/roles`).send({ roles: ['CLIENT'] })
  await soon(key, 403)
  await call.operator.put(`/users/${maker.id}/roles`).send({ roles: ['SUPPORT'] })
  await soon(key, 200)
  await call.operator.patch(`/users/${maker.id}`).send({ is_active: false })
  await soon(key, 401)
  await call.operator.patch(`/users/${maker.id}`).send({ is_active: true })
  await soon(key, 200)
  await call.operator.delete(`/users/${maker.id}`)
  await soon(key, 401)
})

test('what a role carries changes at once for those who hold it', async () => {
  await call.role('CHANGING', 'users:read')
  const maker = await call.someone('CHANGING')
  const { key } = await make(maker)
  expect(await statusWith(key)).toBe(200)
  await call.operator.patch('/roles/CHANGING').send({ permissions: ['roles:read'] })
  await soon(key, 403)
  await soon(maker.token, 403)
  await call.operator.patch('/roles/CHANGING').send({ permissions: ['users:read'] })
  await soon(key, 200)
  await call.operator.delete('/roles/CHANGING?force=true')
  await soon(key, 403)
})

test('it ends by itself', async () => {
  const { id, key } = await make(support, { expires_at: new Date(Date.now() + 3_600_000).toISOString() })
  expect(await statusWith(key)).toBe(200)
  const ended = await make(support, { expires_at: new Date(Date.now() + 3_600_000).toISOString() })
  await api.connection
    .collection('api_keys')
    .updateOne({ _id: ended.id as never }, { $set: { expires_at: new Date() } })
  expect(await statusWith(ended.key)).toBe(401)
  expect((await api.connection.collection('api_keys').findOne({ _id: id as never }))?.['purge_at']).toBeInstanceOf(Date)
})

test('its use shows', async () => {
  const { id, key } = await make(support)
  const lastUse = async () => {
    const { body } = await call.as(support.token).get(PATH)
    return body.data.find((each: { id: string }) => each.id === id).last_used_at
  }
  expect(await lastUse()).toBeNull()
  await statusWith(key)
  await until(
    async () => (await lastUse()) !== null,
    ACTS_WITHIN_MS,
    () => 'No use was noted',
  )
  const noted = await lastUse()
  await statusWith(key)
  expect(await lastUse()).toBe(noted)
})

test('at most a hundred, also when they are made at once', async () => {
  const maker = await call.someone('SUPPORT')
  await Promise.all(Array.from({ length: 90 }, () => make(maker)))
  const body = { name: 'Key', permissions: ['users:read'] }
  const rest = await Promise.all(Array.from({ length: 25 }, () => call.as(maker.token).post(PATH).send(body)))
  expect(rest.filter(({ status }) => status === 201)).toHaveLength(10)
  for (const answer of rest.filter(({ status }) => status !== 201))
    expect(refusal(answer)).toEqual([409, 'API_KEY_LIMIT'])
  const { body: listed } = await call.as(maker.token).get(PATH)
  expect(listed.data).toHaveLength(100)
  expect((await call.as(maker.token).delete(`${PATH}/${listed.data[0].id}`)).status).toBe(204)
  await make(maker)
})
