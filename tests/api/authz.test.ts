import { startApi, type TestApi } from '../support/api'
import { callersOf, OPERATOR_KEY, refusal, REQUIRED, type Someone } from '../support/people'

const NOBODY = 'ffffffffffffffffffffffff'

let api: TestApi
let call: ReturnType<typeof callersOf>
let support: Someone
let client: Someone
let admin: Someone

beforeAll(async () => {
  api = await startApi(REQUIRED)
  call = callersOf(api)
  await call.role('READER', 'users:read')
  await call.role('SUPPORT', 'users:read', 'users:write')
  await call.role('AUDITOR', 'users:read', 'roles:read')
  support = await call.someone('READER', 'SUPPORT')
  client = await call.someone('CLIENT')
  admin = await call.someone('ADMIN')
})
afterAll(async () => api.stop())

const explain = async (token: string, body: object) => {
  const answer = await call.as(token).post('/authz/explain').send(body)
  expect([answer.status, answer.body.message]).toEqual([200, 'Access explained'])
  return answer.body.data
}

test('what is held, and through which roles', async () => {
  expect(await explain(support.token, { method: 'GET', path: `/users/${client.id}` })).toEqual({
    allowed: true,
    status: null,
    access: 'self',
    permission: 'users:read',
    through: ['READER', 'SUPPORT'],
    missing: [],
    reason: 'The person has users:read through READER, SUPPORT.',
  })
  expect(await explain(admin.token, { method: 'DELETE', path: '/roles/CLIENT' })).toMatchObject({
    allowed: true,
    through: ['ADMIN'],
  })
})

test('what is missing', async () => {
  expect(await explain(support.token, { method: 'DELETE', path: `/users/${client.id}` })).toEqual({
    allowed: false,
    status: 403,
    access: 'holders',
    permission: 'users:delete',
    through: [],
    missing: ['users:delete'],
    reason: 'This call needs the permission users:delete',
  })
  expect(await explain(client.token, { method: 'GET', path: `/users/${admin.id}` })).toMatchObject({
    allowed: false,
    status: 404,
    missing: ['users:read'],
  })
})

test('who may do more is out of reach', async () => {
  expect(await explain(support.token, { method: 'PUT', path: `/users/${admin.id}/password` })).toMatchObject({
    allowed: false,
    status: 403,
    through: ['READER', 'SUPPORT'].slice(1),
    missing: [],
    reason: 'This user may do more than the caller',
  })
})

test("one's own, whatever the roles", async () => {
  expect(await explain(client.token, { method: 'PATCH', path: `/users/${client.id}` })).toMatchObject({
    allowed: true,
    access: 'self',
    through: [],
    reason: `It is the person's own: ${client.id}.`,
  })
  expect(await explain(client.token, { method: 'POST', path: '/auth/api-keys' })).toMatchObject({
    allowed: true,
    access: 'people',
    reason: expect.stringContaining('POST /auth/step-up'),
  })
  expect(await explain(OPERATOR_KEY, { method: 'GET', path: '/roles' })).toMatchObject({
    through: [],
    reason: 'The operator may do everything.',
  })
})

test.each([
  ['/api/v1/users', 'GET', 403],
  ['/users/', 'GET', 403],
  ['/user?page=2', 'GET', 403],
  ['/user', 'HEAD', 403],
  ['/users', 'OPTIONS', null],
  ['/users', 'DELETE', 405],
  ['/docs', 'GET', null],
  ['/docs', 'POST', 405],
  ['/docs', 'OPTIONS', null],
  ['/ping', 'GET', null],
  ['/authz/explain', 'POST', null],
  ['/Users', 'GET', 404],
  ['/users/%zz', 'GET', 404],
  ['/nowhere', 'GET', 404],
])('%s with %s', async (path, method, status) => {
  const { allowed, status: told, reason } = await explain(client.token, { path, method })
  expect([allowed, told]).toEqual([status === null, status])
  expect(reason).toMatch(/\w/)
  const verb = method.toLowerCase() as 'get'
  const real = await api.request[verb](path).set('Authorization', `Bearer ${client.token}`)
  if (status !== null) expect(real.status).toBe(status)
})

describe('about others', () => {
  const question = { method: 'GET', path: '/users' }
  let auditor: Someone
  beforeAll(async () => {
    auditor = await call.someone('AUDITOR')
  })

  test('needs users:read and roles:read', async () => {
    const ask = async (token: string) =>
      call
        .as(token)
        .post('/authz/explain')
        .send({ ...question, user_id: admin.id })
    expect(refusal(await ask(client.token))).toEqual([404, 'USER_NOT_FOUND'])
    expect(refusal(await ask(support.token))).toEqual([403, 'FORBIDDEN'])
    expect(refusal(await call.as(undefined).post('/authz/explain').send(question))).toEqual([401, 'UNAUTHENTICATED'])
    expect(await explain(auditor.token, { ...question, user_id: admin.id })).toMatchObject({ through: ['ADMIN'] })
    expect(await explain(client.token, { ...question, user_id: client.id })).toMatchObject({ status: 403 })
  })

  test('who is nobody, and who is disabled', async () => {
    const body = { ...question, user_id: NOBODY }
    expect(refusal(await call.as(auditor.token).post('/authz/explain').send(body))).toEqual([404, 'USER_NOT_FOUND'])
    const { id } = await call.someone('READER')
    await call.operator.patch(`/users/${id}`).send({ is_active: false })
    expect(await explain(auditor.token, { ...question, user_id: id })).toMatchObject({
      allowed: false,
      status: 401,
      reason: expect.stringMatching(/^The user is disabled and cannot sign in\./),
    })
    expect(await explain(auditor.token, { user_id: id, method: 'GET', path: '/ping' })).toMatchObject({ allowed: true })
  })

  test('keys', async () => {
    const body = { name: 'Key', permissions: ['users:write'] }
    const made = (await call.as(support.token).post('/auth/api-keys').send(body)).body.data
    const about = { method: 'POST', path: '/users', api_key_id: made.id }
    const expected = { allowed: true, through: ['SUPPORT'], reason: 'The key may use users:write through SUPPORT.' }
    for (const token of [made.key, support.token, auditor.token, OPERATOR_KEY]) {
      expect(await explain(token, about)).toMatchObject(expected)
    }
    expect(await explain(made.key, question)).toMatchObject({ allowed: false, missing: ['users:read'] })
    expect(await explain(made.key, { method: 'GET', path: '/auth/me' })).toMatchObject({
      status: 401,
      access: 'people',
    })
    const asked = await call.as(client.token).post('/authz/explain').send(about)
    expect(refusal(asked)).toEqual([404, 'API_KEY_NOT_FOUND'])
    const unknown = { ...about, api_key_id: 'aaaaaaaaaaaa' }
    expect(refusal(await call.operator.post('/authz/explain').send(unknown))).toEqual([404, 'API_KEY_NOT_FOUND'])
    await call.operator.patch(`/users/${support.id}`).send({ is_active: false })
    expect(await explain(OPERATOR_KEY, about)).toMatchObject({
      allowed: false,
      status: 401,
      reason: expect.stringMatching(/^The key has ended/),
    })
  })

  test('not about two at once, and nothing unknown', async () => {
    const body = { user_id: NOBODY, api_key_id: 'x', method: 'FETCH', path: 'users', more: 1 }
    const answer = await call.operator.post('/authz/explain').send(body)
    expect(refusal(answer).slice(1)).toEqual([
      'VALIDATION_FAILED',
      'method: any.only',
      'path: string.pattern.base',
      'more: object.unknown',
      ': object.oxor',
    ])
  })
})
