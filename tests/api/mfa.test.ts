import { startApi, type TestApi, VALIDATION_STATUS } from '../support/api'
import { mailTo } from '../support/mailbox'
import { type SignedIn, signIn } from '../support/sign-in'
import { totpCode, withinStep } from '../support/totp'

const ADMIN = { email: 'admin@example.com', password: 'Correct-Horse-7' }
const PASSWORD = 'Battery-Staple-8'
const RECOVERY_CODE = /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){5}$/
/** Longer than any of these tests takes: a code must not grow old in the middle of one. */
const TEST_MS = 12_000

let api: TestApi
let admin: SignedIn
let made = 0

const as = ({ headers }: SignedIn) => ({
  get: (path: string) => api.request.get(path).set(headers),
  post: (path: string, body?: object) => api.request.post(path).set(headers).send(body),
  delete: (path: string) => api.request.delete(path).set(headers),
})

async function person() {
  const email = `person${(made += 1)}@example.com`
  await as(admin).post('/users', { name: 'P', email, password: PASSWORD }).expect(201)
  return { ...(await signIn(api, email, PASSWORD)), email }
}

/** With an authenticator that was activated with the code before the present one: two more are left to use. */
async function protectedPerson() {
  const signedIn = await person()
  const { secret } = (await as(signedIn).post('/auth/mfa/totp').expect(200)).body.data
  const activated = await as(signedIn).post('/auth/mfa/totp/activate', { code: totpCode(secret, -1) })
  expect(activated.status).toBe(200)
  return { ...signedIn, secret: secret as string, recoveryCodes: activated.body.data.recovery_codes as string[] }
}

const login = (email: string, code?: string) =>
  api.request.post('/auth/login').send({ email, password: PASSWORD, ...(code === undefined ? {} : { code }) })

beforeAll(async () => {
  api = await startApi({
    AUTH_MODE: 'required',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    LOGIN_ATTEMPTS_MAX: '50',
    ENCRYPTION_KEY: 'cd'.repeat(32),
  })
  admin = await signIn(api, ADMIN.email, ADMIN.password)
})
afterAll(() => api.stop())
beforeEach(() => withinStep(TEST_MS))

describe('setting an authenticator up', () => {
  it('shows a secret once, and recovery codes when it is activated', async () => {
    const signedIn = await person()
    const state = await as(signedIn).get('/auth/mfa')
    expect(state.body.data).toEqual({ totp: { active: false, activated_at: null }, recovery_codes_left: 0 })

    const begun = await as(signedIn).post('/auth/mfa/totp')
    expect([begun.status, begun.headers['cache-control']]).toEqual([200, expect.stringContaining('no-store')])
    const { secret, otpauth_url } = begun.body.data
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const url = new URL(otpauth_url)
    expect([url.protocol, url.host, decodeURIComponent(url.pathname)]).toEqual([
      'otpauth:',
      'totp',
      `/Rollcall:${signedIn.email}`,
    ])
    expect(Object.fromEntries(url.searchParams)).toEqual({
      issuer: 'Rollcall',
      secret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
    expect((await login(signedIn.email)).status).toBe(200)

    const activated = await as(signedIn).post('/auth/mfa/totp/activate', { code: totpCode(secret, -1) })
    expect([activated.status, activated.headers['cache-control']]).toEqual([200, expect.stringContaining('no-store')])
    const codes: string[] = activated.body.data.recovery_codes
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(RECOVERY_CODE)
    expect((await as(signedIn).get('/auth/mfa')).body.data).toEqual({
      totp: { active: true, activated_at: expect.any(String) },
      recovery_codes_left: 10,
    })
    await mailTo(api, signedIn.email, 'An authenticator was added to your account')
  })

  it('keeps the secret sealed, and recovery codes as hashes', async () => {
    const { userId, secret, recoveryCodes } = await protectedPerson()
    const stored = await api.connection
      .db!.collection<{ _id: string; secret: string }>('authenticators')
      .findOne({ _id: userId })

    expect(stored!.secret).toMatch(/^sealed\./)
    const text = JSON.stringify(stored)
    expect(text).not.toContain(secret)
    for (const code of recoveryCodes) expect(text).not.toContain(code.replaceAll('-', ''))
  })

  it('ends the other sessions, and keeps its own', async () => {
    const signedIn = await person()
    const other = await signIn(api, signedIn.email, PASSWORD)
    const { secret } = (await as(signedIn).post('/auth/mfa/totp')).body.data
    await as(signedIn)
      .post('/auth/mfa/totp/activate', { code: totpCode(secret) })
      .expect(200)

    expect((await as(other).get('/auth/me')).status).toBe(401)
    expect((await as(signedIn).get('/auth/me')).status).toBe(200)
  })

  it('can be begun anew until it is active', async () => {
    const signedIn = await person()
    const first = (await as(signedIn).post('/auth/mfa/totp')).body.data.secret
    const second = (await as(signedIn).post('/auth/mfa/totp')).body.data.secret
    const stale = await as(signedIn).post('/auth/mfa/totp/activate', { code: totpCode(first) })
    expect([stale.status, stale.body.data.code]).toEqual([400, 'TOKEN_INVALID'])
    await as(signedIn)
      .post('/auth/mfa/totp/activate', { code: totpCode(second) })
      .expect(200)

    expect((await as(signedIn).post('/auth/mfa/totp')).body.data.code).toBe('MFA_ACTIVE')
    const again = await as(signedIn).post('/auth/mfa/totp/activate', { code: totpCode(second, 1) })
    expect([again.status, again.body.data.code]).toEqual([409, 'MFA_ACTIVE'])
  })

  it('refuses what is no code, and needs one to be begun', async () => {
    const signedIn = await person()
    const nothing = await as(signedIn).post('/auth/mfa/totp/activate', { code: '123456' })
    expect([nothing.status, nothing.body.data.code]).toEqual([409, 'MFA_NOT_ACTIVE'])
    const malformed = await as(signedIn).post('/auth/mfa/totp/activate', { code: '12345' })
    expect([malformed.status, malformed.body.data.errors[0].field]).toEqual([VALIDATION_STATUS, 'code'])
  })

  it('of 20 activations at once one succeeds', async () => {
    const signedIn = await person()
    const { secret } = (await as(signedIn).post('/auth/mfa/totp')).body.data
    const code = totpCode(secret)
    const uses = Array.from({ length: 20 }, () => as(signedIn).post('/auth/mfa/totp/activate', { code }))
    const answers = await Promise.all(uses)

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('wrong codes count as failed logins', async () => {
    const strict = await startApi({
      AUTH_MODE: 'required',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      LOGIN_ATTEMPTS_MAX: '3',
    })
    const { headers } = await signIn(strict, ADMIN.email, ADMIN.password)
    const { secret } = (await strict.request.post('/auth/mfa/totp').set(headers)).body.data
    const right = totpCode(secret)
    const wrong = right === '000000' ? '000001' : '000000'
    const codes: string[] = []
    for (const code of [wrong, wrong, wrong, right]) {
      const answer = await strict.request.post('/auth/mfa/totp/activate').set(headers).send({ code })
      codes.push(answer.body.data.code)
    }
    await strict.stop()

    expect(codes).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID', 'TOKEN_INVALID', 'ACCOUNT_LOCKED'])
  })
})

describe('logging in with an authenticator', () => {
  it('asks for a code after the right password alone', async () => {
    const { email, secret } = await protectedPerson()
    const without = await login(email)
    expect([without.status, without.body.data.code]).toEqual([401, 'MFA_REQUIRED'])
    const wrong = await api.request.post('/auth/login').send({ email, password: 'Wrong-Guess-1' })
    expect(wrong.body.data.code).toBe('UNAUTHENTICATED')

    const code = totpCode(secret)
    expect((await login(email, `${code.slice(0, 3)} ${code.slice(3)}`)).status).toBe(200)
    expect((await login(email, code)).status).toBe(401)
    expect((await login(email, totpCode(secret, -1))).status).toBe(401)
    expect((await login(email, totpCode(secret, 1))).status).toBe(200)
  })

  it('refuses codes of too long ago or too far ahead', async () => {
    const { email, secret } = await protectedPerson()

    for (const steps of [-3, -2, 2, 3]) expect((await login(email, totpCode(secret, steps))).status).toBe(401)
  })

  it('of 20 uses of one code at once one succeeds', async () => {
    const { email, secret } = await protectedPerson()
    const code = totpCode(secret)
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(email, code)))

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(401)])
  })

  it('of 20 uses of one recovery code at once one succeeds', async () => {
    const signedIn = await protectedPerson()
    const [code = ''] = signedIn.recoveryCodes
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(signedIn.email, code)))

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(401)])
    expect((await as(signedIn).get('/auth/mfa')).body.data.recovery_codes_left).toBe(9)
  })

  it("takes a recovery code however it is typed, and nobody else's", async () => {
    const [one, other] = [await protectedPerson(), await protectedPerson()]
    const [first = '', second = ''] = one.recoveryCodes

    expect((await login(one.email, ` ${first.toUpperCase().replaceAll('-', ' ')} `)).status).toBe(200)
    expect((await login(other.email, second)).status).toBe(401)
    expect((await login(one.email, second.replaceAll('-', '').replaceAll('1', 'l').replaceAll('0', 'O'))).status).toBe(
      200,
    )
  })
})

describe('replacing and removing', () => {
  it('new recovery codes void the earlier ones', async () => {
    const signedIn = await protectedPerson()
    const answer = await as(signedIn).post('/auth/mfa/recovery-codes')
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, expect.stringContaining('no-store')])
    const fresh: string[] = answer.body.data.recovery_codes

    expect(fresh).toHaveLength(10)
    expect((await login(signedIn.email, signedIn.recoveryCodes[0])).status).toBe(401)
    expect((await login(signedIn.email, fresh[0])).status).toBe(200)
    await mailTo(api, signedIn.email, 'Your recovery codes were replaced')
  })

  it('removing it leaves the password alone, and ends the other sessions', async () => {
    const signedIn = await protectedPerson()
    const other = await signIn(api, signedIn.email, PASSWORD, signedIn.recoveryCodes[0])
    expect((await as(signedIn).delete('/auth/mfa/totp')).status).toBe(204)

    expect((await as(other).get('/auth/me')).status).toBe(401)
    expect((await login(signedIn.email)).status).toBe(200)
    await mailTo(api, signedIn.email, 'The authenticator was removed from your account')
    const again = await as(signedIn).delete('/auth/mfa/totp')
    expect([again.status, again.body.data.code]).toEqual([409, 'MFA_NOT_ACTIVE'])
    expect((await as(signedIn).post('/auth/mfa/recovery-codes')).body.data.code).toBe('MFA_NOT_ACTIVE')
  })

  it('an administrator removes it for whoever has lost the device', async () => {
    const signedIn = await protectedPerson()
    const key = await as(admin).post('/auth/api-keys', { name: 'k', permissions: ['users:write', 'users:read'] })
    const byKey = { ...admin, headers: { Authorization: `Bearer ${key.body.data.key}` } }
    expect((await as(byKey).delete(`/users/${admin.userId}/mfa`)).body.data.code).toBe('FORBIDDEN')
    expect((await as(admin).delete(`/users/${signedIn.userId}/mfa`)).status).toBe(204)

    expect((await as(signedIn).get('/auth/me')).status).toBe(401)
    expect((await login(signedIn.email)).status).toBe(200)
    expect((await as(admin).delete(`/users/${signedIn.userId}/mfa`)).body.data.code).toBe('MFA_NOT_ACTIVE')
    expect((await as(admin).delete('/users/ffffffffffffffffffffffff/mfa')).body.data.code).toBe('USER_NOT_FOUND')
  })

  it('nobody removes it who may do less than the user', async () => {
    await as(admin)
      .post('/roles', { name: 'HELPDESK', permissions: ['users:read', 'users:write'] })
      .expect(201)
    const email = 'helpdesk@example.com'
    await as(admin)
      .post('/users', { name: 'H', email, password: PASSWORD, roles: ['HELPDESK'] })
      .expect(201)
    const helpdesk = await signIn(api, email, PASSWORD)
    const { userId } = await protectedPerson()

    expect((await as(helpdesk).delete(`/users/${admin.userId}/mfa`)).body.data.code).toBe('FORBIDDEN')
    expect((await as(await person()).delete(`/users/${userId}/mfa`)).body.data.code).toBe('USER_NOT_FOUND')
    expect((await as(helpdesk).delete(`/users/${userId}/mfa`)).status).toBe(204)
  })
})

describe('a proof of identity', () => {
  it.each([
    ['post', '/auth/mfa/totp'],
    ['delete', '/auth/mfa/totp'],
    ['post', '/auth/mfa/recovery-codes'],
  ] as const)('must be fresh for %s %s', async (method, path) => {
    const signedIn = await person()
    const sessions = api.connection.db!.collection<{ _id: string }>('sessions')
    await sessions.updateOne(
      { _id: signedIn.sessionId },
      { $set: { authenticated_at: new Date(Date.now() - 700_000) } },
    )
    // The refreshed token belongs to a session that is read anew.
    const refreshed = await api.request.post('/auth/refresh').send({ refresh_token: signedIn.refreshToken }).expect(200)
    const headers = { Authorization: `Bearer ${refreshed.body.data.access_token}` }
    const answer = await api.request[method](path).set(headers)

    expect([answer.status, answer.body.data.code]).toEqual([401, 'STEP_UP_REQUIRED'])
  })

  it('takes a code where there is an authenticator', async () => {
    const signedIn = await protectedPerson()
    const stepUp = (body: object) => as(signedIn).post('/auth/step-up', { password: PASSWORD, ...body })

    expect((await stepUp({})).body.data.code).toBe('MFA_REQUIRED')
    expect((await stepUp({ code: totpCode(signedIn.secret) })).status).toBe(200)
  })
})

describe('people in open mode', () => {
  it('have a second factor too, and whoever has no session is nobody', async () => {
    const open = await startApi({})
    await open.request.post('/users').send({ name: 'O', email: 'open@example.com', password: PASSWORD }).expect(201)
    const { headers } = await signIn(open, 'open@example.com', PASSWORD)
    const statuses = [
      (await open.request.get('/auth/mfa')).status,
      (await open.request.get('/auth/mfa').set(headers)).status,
      (await open.request.post('/auth/mfa/totp').set(headers)).status,
    ]
    await open.stop()

    expect(statuses).toEqual([401, 200, 200])
  })
})
