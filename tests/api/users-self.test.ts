import { startApi, type TestApi } from '../support/api'
import { callersOf, PASSWORD, refusal, REQUIRED, type Someone } from '../support/people'
import { signIn } from '../support/sign-in'
import { until } from '../support/service-process'

const ACTS_WITHIN_MS = 1_000

let api: TestApi
let call: ReturnType<typeof callersOf>

beforeAll(async () => {
  api = await startApi(REQUIRED)
  call = callersOf(api)
  await call.role('READER', 'users:read')
  await call.role('SUPPORT', 'users:read', 'users:write', 'users:delete', 'sessions:write')
  await call.role('KEEPER', 'roles:read', 'roles:write', 'users:read')
  await call.role('AUDITOR', 'audit:read')
})
afterAll(async () => api.stop())

const stored = async (id: string) => (await call.operator.get(`/users/${id}`)).body.data

describe('a person, about itself', () => {
  test('reads its profile, edits it, and puts it back', async () => {
    const me = await call.someone('CLIENT')
    const mine = call.as(me.token)
    const { body } = await mine.get(`/users/${me.id}`)
    const put = await mine.put(`/users/${me.id}`).send({ ...body.data, metadata: { theme: 'dark' } })
    expect([put.status, put.body.data.metadata]).toEqual([200, { theme: 'dark' }])
    const patched = await mine
      .patch(`/users/${me.id}`)
      .send({ name: 'New Name', age: 31, is_active: true, roles: ['CLIENT'] })
    expect([patched.status, patched.body.data.name]).toEqual([200, 'New Name'])
  })

  test('does not change its rights, its e-mail or its password on the way', async () => {
    const me = await call.someone('CLIENT')
    const before = await stored(me.id)
    const { version: _, updated_at: __, ...echo } = before
    const wanted = { email: 'other@example.com', password: 'SecurePass123', is_active: false, roles: ['ADMIN'] }
    const refused = [
      403,
      'FORBIDDEN',
      'email: access.route',
      'password: access.route',
      'is_active: access.permission',
      'roles: access.permission',
    ]
    expect(refusal(await call.as(me.token).patch(`/users/${me.id}`).send(wanted))).toEqual(refused)
    expect(
      refusal(
        await call
          .as(me.token)
          .put(`/users/${me.id}`)
          .send({ ...echo, ...wanted }),
      ),
    ).toEqual(refused)
    for (const [method, path] of [
      ['post', 'roles'],
      ['put', 'roles'],
    ] as const) {
      const answer = await call
        .as(me.token)
        [method](`/users/${me.id}/${path}`)
        .send({ roles: ['ADMIN'] })
      expect(refusal(answer)).toEqual([403, 'FORBIDDEN'])
    }
    expect(await stored(me.id)).toEqual(before)
    const verified = await call.as(me.token).patch(`/users/${me.id}`).send({ email_verified: true })
    expect(refusal(verified).slice(1)).toEqual(['VALIDATION_FAILED', 'email_verified: any.readonly'])
  })

  test('its password with the current one: this session stays, the others end', async () => {
    const me = await call.someone('CLIENT')
    const other = await signIn(api, me.email, PASSWORD)
    const path = `/users/${me.id}/password`
    expect(refusal(await call.as(me.token).put(path).send({ password: 'SecurePass123' })).slice(1)).toEqual([
      'VALIDATION_FAILED',
      'current_password: any.required',
    ])
    const wrong = { password: 'SecurePass123', current_password: 'Wrong@1234' }
    expect(refusal(await call.as(me.token).put(path).send(wrong))).toEqual([403, 'FORBIDDEN'])
    const right = { password: 'SecurePass123', current_password: PASSWORD }
    expect((await call.as(me.token).put(path).send(right)).status).toBe(200)
    const ended = async () => (await call.as(other.accessToken).get('/auth/me')).status === 401
    await until(ended, ACTS_WITHIN_MS, () => 'The other session goes on')
    expect((await call.as(me.token).get('/auth/me')).status).toBe(200)
    await signIn(api, me.email, 'SecurePass123')
  })

  test('guesses at the current password are counted as failed logins', async () => {
    const limited = await startApi({ ...REQUIRED, LOGIN_ATTEMPTS_MAX: '3' })
    try {
      const there = callersOf(limited)
      const me = await there.someone('CLIENT')
      const guess = { password: 'SecurePass123', current_password: 'Wrong@1234' }
      const guesses = Array.from({ length: 6 }, () => there.as(me.token).put(`/users/${me.id}/password`).send(guess))
      const codes = (await Promise.all(guesses)).map(({ body }) => body.data.code as string)
      expect(codes.toSorted()).toEqual([
        ...Array<string>(3).fill('ACCOUNT_LOCKED'),
        ...Array<string>(3).fill('FORBIDDEN'),
      ])
    } finally {
      await limited.stop()
    }
  })

  test('its e-mail only after both addresses have confirmed it', async () => {
    const me = await call.someone('CLIENT')
    const answer = await call
      .as(me.token)
      .put(`/users/${me.id}/email`)
      .send({ email: `moved-${me.email}` })
    expect([answer.status, answer.body.data]).toEqual([202, null])
    expect(await stored(me.id)).toMatchObject({ email: me.email })
    const same = await call.as(me.token).put(`/users/${me.id}/email`).send({ email: me.email })
    expect([same.status, same.body.data.email]).toEqual([200, me.email])
    const byOther = await call.operator.put(`/users/${me.id}/email`).send({ email: `moved-${me.email}` })
    expect([byOther.status, byOther.body.data.email]).toEqual([200, `moved-${me.email}`])
  })
})

describe('a caller with some permissions', () => {
  let support: Someone
  let keeper: Someone
  beforeAll(async () => {
    support = await call.someone('SUPPORT')
    keeper = await call.someone('KEEPER')
  })

  test('grants nothing that carries more', async () => {
    const { id } = await call.someone('CLIENT')
    const escalation = [403, 'FORBIDDEN', 'roles.0: access.escalation']
    const by = call.as(support.token)
    for (const role of ['ADMIN', 'AUDITOR']) {
      const roles = [role]
      const user = { name: 'X', email: 'x@example.com', roles }
      expect(refusal(await by.post('/users').send(user))).toEqual(escalation)
      expect(refusal(await by.post('/auth/invitations').send(user))).toEqual(escalation)
      expect(refusal(await by.patch(`/users/${id}`).send({ roles }))).toEqual(escalation)
      expect(refusal(await by.post(`/users/${id}/roles`).send({ roles }))).toEqual(escalation)
      expect(refusal(await by.put(`/users/${id}/roles`).send({ roles }))).toEqual(escalation)
      expect(refusal(await by.post(`/users/${support.id}/roles`).send({ roles }))).toEqual(escalation)
    }
    expect(await stored(id)).toMatchObject({ roles: ['CLIENT'] })
    const granted = await by.post(`/users/${id}/roles`).send({ roles: ['READER'] })
    expect([granted.status, granted.body.data.length]).toEqual([200, 2])
  })

  test('makes no role that carries more, and touches none that does', async () => {
    const by = call.as(keeper.token)
    expect(refusal(await by.post('/roles').send({ name: 'MORE', permissions: ['users:write'] }))).toEqual([
      403,
      'FORBIDDEN',
      'permissions.0: access.escalation',
    ])
    expect(refusal(await by.patch('/roles/KEEPER').send({ permissions: ['users:read', 'users:delete'] }))).toEqual([
      403,
      'FORBIDDEN',
      'permissions.1: access.escalation',
    ])
    for (const name of ['SUPPORT', 'ADMIN']) {
      expect(refusal(await by.patch(`/roles/${name}`).send({ permissions: [] }))).toEqual([403, 'FORBIDDEN'])
      expect(refusal(await by.delete(`/roles/${name}?force=true`))).toEqual([403, 'FORBIDDEN'])
    }
    expect((await by.post('/roles').send({ name: 'LESS', permissions: ['users:read'] })).status).toBe(201)
  })

  test('has no authority over whoever may do more', async () => {
    const boss = await call.someone('ADMIN')
    await call.someone('ADMIN')
    const by = call.as(support.token)
    const before = await stored(boss.id)
    const path = `/users/${boss.id}`
    const answers = [
      await by.put(`${path}/email`).send({ email: 'x@example.com' }),
      await by.put(`${path}/password`).send({ password: 'SecurePass123' }),
      await by.patch(path).send({ is_active: false }),
      await by.patch(path).send({ password: 'SecurePass123' }),
      await by.put(`${path}/roles`).send({ roles: [] }),
      await by.delete(`${path}/roles/ADMIN`),
      await by.delete(path),
      await by.post(`${path}/purge`),
      await by.post(`${path}/unlock`),
      await by.get(`${path}/export`),
      await by.delete(`${path}/sessions`),
      await by.delete(`${path}/mfa`),
    ]
    for (const answer of answers) expect(refusal(answer)).toEqual([403, 'FORBIDDEN'])
    expect(await stored(boss.id)).toEqual(before)
    expect((await call.as(boss.token).get('/auth/me')).status).toBe(200)
    await call.operator.delete(path)
    expect(refusal(await by.post(`${path}/restore`))).toEqual([403, 'FORBIDDEN'])
  })

  test('grants that end take their permissions along, by themselves', async () => {
    const me = await call.someone('CLIENT')
    const ends = new Date(Date.now() + 2_000)
    await call.operator.post(`/users/${me.id}/roles`).send({ roles: ['READER'], expires_at: ends.toISOString() })
    const may = async () => (await call.as(me.token).get('/users')).status === 200
    await until(may, 1_900, () => 'The grant did not act in time')
    await until(
      async () => !(await may()),
      2_000 + ACTS_WITHIN_MS,
      () => 'The grant did not end',
    )
    expect(Date.now()).toBeGreaterThanOrEqual(ends.getTime())
    expect((await call.as(me.token).get('/auth/me')).body.data.permissions).toEqual([])
  })
})

test('credentials are not looked at where anybody may call', async () => {
  const { email } = await call.someone('CLIENT')
  const answer = await call.as('an-ended-token').post('/auth/login').send({ email, password: PASSWORD })
  expect(answer.status).toBe(200)
  expect((await call.as('an-ended-token').get('/ping')).status).toBe(200)
  expect((await call.as('an-ended-token').get('/auth/me')).status).toBe(401)
})
