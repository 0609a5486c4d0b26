import { startApi, type TestApi } from '../support/api'
import { until } from '../support/service-process'
import { signIn } from '../support/sign-in'

const KEY = 'k'.repeat(40)
const OPERATOR = { Authorization: `Bearer ${KEY}` }
const PASSWORD = 'Password@123'
/** Longer than the poll, shorter than a change may take to act. */
const ACTS_WITHIN_MS = 1_000

let api: TestApi
beforeAll(async () => {
  api = await startApi({ AUTH_MODE: 'required', BOOTSTRAP_API_KEY: KEY, STEP_UP_MAX_AGE_S: '600' })
})
afterAll(() => api.stop())

let count = 0
async function newUser(fields: object = {}): Promise<{ readonly id: string; readonly email: string }> {
  const email = `user.${++count}@example.com`
  const body = { name: 'John Doe', email, password: PASSWORD, ...fields }
  const response = await api.request.post('/users').set(OPERATOR).send(body)
  expect(response.status).toBe(201)
  return { id: response.body.data.id, email }
}

async function newSession(fields: object = {}) {
  const user = await newUser(fields)
  return { ...user, ...(await signIn(api, user.email, PASSWORD)) }
}

const me = (headers: Record<string, string>) => api.request.get('/auth/me').set(headers)

describe('POST /auth/login', () => {
  it('answers tokens and the user, and nobody may store that', async () => {
    const { id, email } = await newUser()
    const body = { email: ` ${email.toUpperCase()} `, password: PASSWORD }
    const response = await api.request.post('/api/v1/auth/login').set('User-Agent', 'tests').send(body)
    expect(response.status).toBe(200)
    expect(response.headers['cache-control']).toContain('no-store')
    expect(response.body).toEqual({
      data: {
        access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^rcr_[0-9a-f]{32}_0_[0-9a-f]{64}_[0-9a-f]{32}$/),
        refresh_expires_in: expect.any(Number),
        session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        user: (await api.request.get(`/users/${id}`).set(OPERATOR)).body.data,
      },
      message: 'Signed in',
      status_code: 200,
    })
  })

  it('answers the same, whatever is wrong', async () => {
    const { email } = await newUser()
    const disabled = await newUser({ is_active: false })
    const without = await newUser({ password: undefined })
    const attempts = [
      { email, password: 'Another@123' },
      { email, password: 'x'.repeat(1_000) },
      { email: 'nobody@example.com', password: PASSWORD },
      { email: disabled.email, password: PASSWORD },
      { email: without.email, password: PASSWORD },
    ]
    const answers = new Set<string>()
    for (const attempt of attempts) {
      const response = await api.request.post('/auth/login').set('X-Request-Id', 'same').send(attempt)
      expect(response.headers['www-authenticate']).toBe('Bearer')
      answers.add(response.text)
    }
    expect([...answers]).toEqual([
      '{"data":{"code":"UNAUTHENTICATED","errors":[],"request_id":"same"},' +
        '"message":"E-mail or password is wrong","status_code":401}',
    ])
  })

  it('lists every problem of a body', async () => {
    const response = await api.request.post('/auth/login').send({ email: 'nonsense', passwort: 'x' })
    expect(response.body.data.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
      'email',
      'password',
      'passwort',
    ])
  })

  it('keeps no secret in the store', async () => {
    const { accessToken, refreshToken, sessionId } = await newSession()
    const stored = JSON.stringify(await api.connection.collection('sessions').findOne({ _id: sessionId as never }))
    for (const secret of [accessToken, ...refreshToken.split('_').slice(3)]) expect(stored).not.toContain(secret)
  })
})

describe('POST /auth/refresh', () => {
  const refresh = (token: string) => api.request.post('/auth/refresh').send({ refresh_token: token })

  it('answers the next tokens, the same refresh token for all who come at once', async () => {
    const { refreshToken, sessionId } = await newSession()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.data.refresh_token)).size).toBe(1)
    expect(answers[0]!.headers['cache-control']).toContain('no-store')
    const { data } = answers[0]!.body
    expect(Object.keys(data).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'refresh_token',
      'session_id',
      'token_type',
    ])
    expect((await me({ Authorization: `Bearer ${data.access_token}` })).status).toBe(200)
    expect((await refresh(data.refresh_token)).body.data.session_id).toBe(sessionId)
  })

  it('a token that was refreshed earlier ends the session, with all that came of it', async () => {
    const { refreshToken, sessionId } = await newSession()
    const second = (await refresh(refreshToken)).body.data
    await api.connection
      .collection('sessions')
      .updateOne(
        { _id: sessionId as never },
        { $set: { 'refresh.history.0.rotated_at': new Date(Date.now() - 11_000) } },
      )
    const replay = await refresh(refreshToken)
    expect(replay.status).toBe(401)
    expect(replay.body.message).toBe('This refresh token is not valid, or no longer')
    expect((await me({ Authorization: `Bearer ${second.access_token}` })).status).toBe(401)
    expect((await refresh(second.refresh_token)).status).toBe(401)
  })

  it('a made-up one ends nothing', async () => {
    const { refreshToken, headers } = await newSession()
    const forged = refreshToken.replace(/_[0-9a-f]{32}$/, `_${'0'.repeat(32)}`)
    expect((await refresh(forged)).status).toBe(401)
    expect((await me(headers)).status).toBe(200)
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  it('an access token is none', async () => {
    const { accessToken } = await newSession()
    expect((await refresh(accessToken)).body.data.code).toBe('UNAUTHENTICATED')
  })
})

describe('sessions', () => {
  it('are listed, ended one by one, and all others at once', async () => {
    const first = await newSession()
    const second = await signIn(api, first.email, PASSWORD)
    const third = await signIn(api, first.email, PASSWORD)
    const list = async () => (await api.request.get('/auth/sessions').set(first.headers)).body.data as { id: string }[]
    expect(await list()).toContainEqual({
      id: first.sessionId,
      device: null,
      address: expect.stringContaining('127.0.0.1'),
      created_at: expect.any(String),
      last_used_at: expect.any(String),
      expires_at: expect.any(String),
      current: true,
    })
    expect(await list()).toHaveLength(3)

    const end = (id: string) => api.request.delete(`/auth/sessions/${id}`).set(first.headers)
    expect((await end(second.sessionId)).status).toBe(204)
    expect((await me(second.headers)).status).toBe(401)
    expect((await end(second.sessionId)).body.data.code).toBe('SESSION_NOT_FOUND')

    const others = await api.request.delete('/auth/sessions').set(first.headers)
    expect([others.status, others.body.data]).toEqual([200, { ended: 1 }])
    expect((await me(third.headers)).status).toBe(401)
    expect((await list()).map(({ id }) => id)).toEqual([first.sessionId])
  })

  it('of somebody else are not found', async () => {
    const [one, other] = [await newSession(), await newSession()]
    const response = await api.request.delete(`/auth/sessions/${other.sessionId}`).set(one.headers)
    expect(response.body.data.code).toBe('SESSION_NOT_FOUND')
    expect((await me(other.headers)).status).toBe(200)
  })

  it('end with the log-out, for the refresh token too', async () => {
    const { headers, refreshToken } = await newSession()
    expect((await api.request.post('/auth/logout').set(headers)).status).toBe(204)
    expect((await me(headers)).status).toBe(401)
    expect((await api.request.post('/auth/refresh').send({ refresh_token: refreshToken })).status).toBe(401)
  })

  it('of anybody are for those with sessions:write', async () => {
    const person = await newSession()
    const holder = await newSession({ roles: [await newRole(['sessions:write', 'users:read'])] })
    const path = `/users/${person.userId}/sessions`
    const list = await api.request.get(path).set(holder.headers)
    expect(list.body.data).toMatchObject([{ id: person.sessionId, current: false }])
    const ended = await api.request.delete(`/api/v1${path}`).set(holder.headers)
    expect(ended.body.data).toEqual({ ended: 1 })
    expect((await me(person.headers)).status).toBe(401)
    expect((await api.request.get(`/user/${'0'.repeat(24)}/sessions`).set(holder.headers)).status).toBe(404)
    const admin = await newSession({ roles: ['ADMIN'] })
    expect((await api.request.delete(`/users/${admin.userId}/sessions`).set(holder.headers)).status).toBe(403)
    const other = await newSession()
    expect((await api.request.get(path).set(other.headers)).status).toBe(404)
  })
})

async function newRole(permissions: readonly string[]): Promise<string> {
  const name = `ROLE_${++count}`
  expect((await api.request.post('/roles').set(OPERATOR).send({ name, permissions })).status).toBe(201)
  return name
}

describe('GET /auth/me', () => {
  it('is the own profile with what one may do', async () => {
    const role = await newRole(['users:read', 'audit:read'])
    const { headers, userId } = await newSession({ roles: ['CLIENT', role] })
    const profile = (await api.request.get(`/users/${userId}`).set(OPERATOR)).body.data
    expect((await me(headers)).body.data).toEqual({ ...profile, permissions: ['audit:read', 'users:read'] })
  })

  it('is for people alone', async () => {
    expect((await me(OPERATOR)).body.data.code).toBe('UNAUTHENTICATED')
  })
})

describe('what changes acts within a second on a session in use', () => {
  type Change = readonly [string, (id: string) => Promise<unknown>]
  const status = async (headers: Record<string, string>, path: string) =>
    (await api.request.get(path).set(headers)).status
  const actsInTime = async (check: () => Promise<boolean>) =>
    until(check, ACTS_WITHIN_MS, () => 'It did not act within a second')

  test.each<Change>([
    ['disabling', (id) => api.request.patch(`/users/${id}`).set(OPERATOR).send({ is_active: false })],
    [
      'another password',
      (id) => api.request.put(`/users/${id}/password`).set(OPERATOR).send({ password: 'Changed@123' }),
    ],
    ['deletion', (id) => api.request.delete(`/users/${id}`).set(OPERATOR)],
  ])('%s ends it', async (_, change) => {
    const { userId, headers, refreshToken } = await newSession()
    expect(await status(headers, '/auth/me')).toBe(200)
    await change(userId)
    await actsInTime(async () => (await status(headers, '/auth/me')) === 401)
    expect((await api.request.post('/auth/refresh').send({ refresh_token: refreshToken })).status).toBe(401)
  })

  test('a role that is granted, changed and taken', async () => {
    const role = await newRole([])
    const { userId, headers } = await newSession()
    expect(await status(headers, '/users')).toBe(403)
    await api.request
      .post(`/users/${userId}/roles`)
      .set(OPERATOR)
      .send({ roles: [role] })
    await api.request
      .patch(`/roles/${role}`)
      .set(OPERATOR)
      .send({ permissions: ['users:read'] })
    await actsInTime(async () => (await status(headers, '/users')) === 200)
    await api.request.patch(`/roles/${role}`).set(OPERATOR).send({ permissions: [] })
    await actsInTime(async () => (await status(headers, '/users')) === 403)
    await api.request
      .patch(`/roles/${role}`)
      .set(OPERATOR)
      .send({ permissions: ['users:read'] })
    await actsInTime(async () => (await status(headers, '/users')) === 200)
    await api.request.delete(`/roles/${role}?force=true`).set(OPERATOR)
    await actsInTime(async () => (await status(headers, '/users')) === 403)
  })

  test('a grant that ends by itself', async () => {
    const { userId, headers } = await newSession()
    const end = new Date(Date.now() + 1_500).toISOString()
    await api.request
      .post(`/users/${userId}/roles`)
      .set(OPERATOR)
      .send({ roles: ['ADMIN'], expires_at: end })
    await actsInTime(async () => (await status(headers, '/users')) === 200)
    await until(
      async () => (await status(headers, '/users')) === 403,
      3_000,
      () => 'The grant did not end',
    )
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(end))
  })

  test('the own password: this session goes on, and the others end', async () => {
    const one = await newSession()
    const other = await signIn(api, one.email, PASSWORD)
    const body = { password: 'Changed@123', current_password: PASSWORD }
    const changed = await api.request.put(`/users/${one.userId}/password`).set(one.headers).send(body)
    expect(changed.status).toBe(200)
    await actsInTime(async () => (await status(other.headers, '/auth/me')) === 401)
    expect(await status(one.headers, '/auth/me')).toBe(200)
    expect((await api.request.post('/auth/refresh').send({ refresh_token: one.refreshToken })).status).toBe(200)
  })
})

describe('POST /auth/step-up', () => {
  const stepUp = (headers: Record<string, string>, password: string) =>
    api.request.post('/auth/step-up').set(headers).send({ password })
  /** As if the person had signed in some time ago. */
  const age = (sessionId: string) =>
    api.connection
      .collection('sessions')
      .updateOne({ _id: sessionId as never }, { $set: { authenticated_at: new Date(Date.now() - 601_000) } })

  it('says until when the proof serves', async () => {
    const { headers } = await newSession()
    const before = Date.now()
    const response = await stepUp(headers, PASSWORD)
    expect(response.status).toBe(200)
    const validForMs = Date.parse(response.body.data.valid_until) - before
    expect(validForMs).toBeGreaterThanOrEqual(600_000)
    expect(validForMs).toBeLessThan(605_000)
  })

  it('with a wrong password is refused like a login', async () => {
    const { headers } = await newSession()
    const response = await stepUp(headers, 'Another@123')
    expect([response.status, response.body.message]).toEqual([401, 'E-mail or password is wrong'])
  })

  it('a dangerous call says what it wants, and is let through after it', async () => {
    const { headers, sessionId } = await newSession()
    await age(sessionId)
    const makeKey = () => api.request.post('/auth/api-keys').set(headers).send({ name: 'CI', permissions: [] })
    const refused = await makeKey()
    expect([refused.status, refused.body.data.code]).toEqual([401, 'STEP_UP_REQUIRED'])
    expect(refused.headers['www-authenticate']).toBe('Bearer error="insufficient_user_authentication", max_age=600')
    expect((await stepUp(headers, PASSWORD)).status).toBe(200)
    expect((await makeKey()).status).not.toBe(401)
  })
})

describe('AUTH_MODE=open', () => {
  let open: TestApi
  beforeAll(async () => {
    open = await startApi({ AUTH_MODE: 'open' })
  })
  afterAll(() => open.stop())

  it('needs no token, takes a good one, and refuses a bad one', async () => {
    const body = { name: 'Jane Doe', email: 'jane@example.com', password: PASSWORD }
    expect((await open.request.post('/users').send(body)).status).toBe(201)
    const jane = await signIn(open, body.email, PASSWORD)
    const profile = await open.request.get('/auth/me').set(jane.headers)
    expect(profile.body.data).toMatchObject({ id: jane.userId, roles: ['CLIENT'] })
    expect(profile.body.data.permissions).toContain('users:write')
    expect((await open.request.get('/auth/me')).status).toBe(401)
    const bad = await open.request.get('/users').set('Authorization', 'Bearer nonsense')
    expect([bad.status, bad.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    expect((await open.request.post('/auth/logout').set(jane.headers)).status).toBe(204)
    expect((await open.request.get('/auth/me').set(jane.headers)).status).toBe(401)
  })
})
