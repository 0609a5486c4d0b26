import type { Response } from 'supertest'
import { type TestApi, startApi } from '../support/api'
import { mailsTo, mailTo } from '../support/mailbox'
import { until } from '../support/service-process'
import { signIn } from '../support/sign-in'

const KEY = 'k'.repeat(40)
const OPERATOR = { Authorization: `Bearer ${KEY}` }
const RIGHT = 'Password@123'
const WRONG = 'Password@124'
const LOCK_NOTICE = 'Your account is locked for a while'
const REQUIRED = { AUTH_MODE: 'required', BOOTSTRAP_API_KEY: KEY }

let api: TestApi
let shared: TestApi | undefined
let count = 0

async function newUser(fields: object = {}): Promise<{ id: string; email: string }> {
  const email = `user.${++count}@example.com`
  const body = { name: 'John Doe', email, password: RIGHT, ...fields }
  const response = await api.request.post('/users').set(OPERATOR).send(body)
  expect(response.status).toBe(201)
  return { id: response.body.data.id, email }
}

async function logIn(email: string, password: string, headers: Record<string, string> = {}): Promise<Response> {
  return api.request.post('/auth/login').set(headers).send({ email, password })
}

const codeOf = ({ status, body }: Response) => (status === 200 ? 200 : `${status} ${body.data.code}`)

async function failTimes(times: number, email: string, headers?: Record<string, string>) {
  const codes: unknown[] = []
  for (let i = 0; i < times; i++) codes.push(codeOf(await logIn(email, WRONG, headers)))
  return codes
}

afterEach(async () => {
  if (api !== shared) await api.stop()
})

/** What tells two answers apart: everything but the id of the request and the time. */
function comparable({ status, body, headers }: Response): unknown {
  const { 'x-request-id': _, date: __, ...rest } = headers as Record<string, string>
  return [status, { ...body, data: { ...body.data, request_id: 'same' } }, rest]
}

describe('at one account', () => {
  beforeAll(async () => {
    shared = await startApi({ ...REQUIRED, LOGIN_ATTEMPTS_MAX: '3', LOGIN_ADDRESS_ATTEMPTS_MAX: '10000' })
  })
  beforeEach(() => {
    api = shared!
  })
  afterAll(() => shared?.stop())

  it('missing, wrong, disabled and without password are one answer', async () => {
    const wrong = await logIn((await newUser()).email, WRONG)
    const others = [
      await logIn('nobody@example.com', RIGHT),
      await logIn((await newUser({ is_active: false })).email, RIGHT),
      await logIn((await newUser({ password: undefined })).email, RIGHT),
      await logIn((await newUser()).email, 'x'.repeat(1_000)),
      await logIn((await newUser()).email, `${RIGHT}\0`),
    ]
    expect([wrong.status, wrong.body.message]).toEqual([401, 'E-mail or password is wrong'])
    for (const other of others) expect(comparable(other)).toEqual(comparable(wrong))
  })

  it('locks after the allowed failures, for the right password too, and for an account that nobody has', async () => {
    const { email } = await newUser()
    for (const account of [email, 'nobody.else@example.com']) {
      expect(await failTimes(3, account)).toEqual(Array(3).fill('401 UNAUTHENTICATED'))
      const [wrong, right] = [await logIn(account, WRONG), await logIn(account, RIGHT)]
      for (const answer of [wrong, right]) {
        expect(answer.body).toEqual({
          data: { code: 'ACCOUNT_LOCKED', errors: [], request_id: expect.any(String) },
          message: 'Too many failed attempts; try again later',
          status_code: 429,
        })
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50)
        expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
        expect(answer.headers['ratelimit-policy']).toBe('"login-account";q=3;w=900')
      }
    }
    expect(codeOf(await logIn((await newUser()).email, RIGHT))).toBe(200)
  })

  it('the e-mail counts without regard to case and spaces', async () => {
    const { email } = await newUser()
    await failTimes(1, email)
    await failTimes(1, email.toUpperCase())
    await failTimes(1, ` ${email} `)
    expect(codeOf(await logIn(email, RIGHT))).toBe('429 ACCOUNT_LOCKED')
  })

  it('a right password takes the failures before it back', async () => {
    const { email } = await newUser()
    for (let round = 0; round < 3; round++) {
      await failTimes(2, email)
      expect(codeOf(await logIn(email, RIGHT))).toBe(200)
    }
  })

  it('100 guesses at once: the allowed number is compared', async () => {
    const { email } = await newUser()
    const answers = await Promise.all(Array.from({ length: 100 }, () => logIn(email, WRONG)))
    const codes = answers.map(codeOf)
    expect(codes.filter((code) => code === '401 UNAUTHENTICATED')).toHaveLength(3)
    expect(codes.filter((code) => code === '429 ACCOUNT_LOCKED')).toHaveLength(97)
  })

  it('its owner is told once for each lock; of an account that nobody has, nobody', async () => {
    const { email } = await newUser()
    await failTimes(3, 'nobody.at.all@example.com')
    await failTimes(8, email)
    await mailTo(api, email, LOCK_NOTICE)
    const notices = (await mailsTo(api)).filter(({ subject }) => subject === LOCK_NOTICE)
    expect(notices.filter(({ to }) => to === email)).toHaveLength(1)
    expect(notices.filter(({ to }) => to.startsWith('nobody'))).toEqual([])
  })

  it('an administrator unlocks it', async () => {
    const { id, email } = await newUser()
    await failTimes(3, email)
    expect(codeOf(await logIn(email, RIGHT))).toBe('429 ACCOUNT_LOCKED')
    const answer = await api.request.post(`/api/v1/users/${id}/unlock`).set(OPERATOR)
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(codeOf(await logIn(email, RIGHT))).toBe(200)
    expect((await api.request.post(`/users/${id}/unlock`).set(OPERATOR)).status).toBe(204)
  })

  it('nobody else unlocks', async () => {
    const { id, email } = await newUser()
    const other = await signIn(api, (await newUser()).email, RIGHT)
    const unlock = (headers: Record<string, string>, userId = id) =>
      api.request.post(`/users/${userId}/unlock`).set(headers)
    expect(codeOf(await unlock({}))).toBe('401 UNAUTHENTICATED')
    expect(codeOf(await unlock({ ...other.headers }))).toBe('404 USER_NOT_FOUND')
    expect(codeOf(await unlock({ ...(await signIn(api, email, RIGHT)).headers }))).toBe('403 FORBIDDEN')
    expect(codeOf(await unlock(OPERATOR, '66f0c1a2b3c4d5e6f7a8b9c0'))).toBe('404 USER_NOT_FOUND')
    expect(codeOf(await unlock(OPERATOR, 'no-id'))).toBe('404 USER_NOT_FOUND')
  })
})

it('each lock is twice as long as the one before', async () => {
  api = await startApi({ ...REQUIRED, LOGIN_ATTEMPTS_MAX: '1', LOGIN_LOCK_S: '1', LOGIN_LOCK_MAX_S: '2' })
  const { email } = await newUser()
  const lockedFor = async () => {
    await until(
      async () => (await logIn(email, WRONG)).status === 401,
      10_000,
      () => 'the lock does not end',
    )
    return Number((await logIn(email, RIGHT)).headers['retry-after'])
  }
  expect([await lockedFor(), await lockedFor(), await lockedFor()]).toEqual([1, 2, 2])
})

it('in open mode logins are limited as well', async () => {
  api = await startApi({ BOOTSTRAP_API_KEY: KEY, LOGIN_ATTEMPTS_MAX: '2' })
  const { email } = await newUser()
  expect([...(await failTimes(3, email))]).toEqual(['401 UNAUTHENTICATED', '401 UNAUTHENTICATED', '429 ACCOUNT_LOCKED'])
})

describe('from one address', () => {
  const forwarded = (address: string) => ({ 'X-Forwarded-For': address })
  const accounts = { LOGIN_ATTEMPTS_MAX: '1000', LOGIN_ADDRESS_ATTEMPTS_MAX: '3' }

  it('without a trusted proxy a forged header neither evades the limit nor blames another', async () => {
    api = await startApi({ ...REQUIRED, ...accounts })
    const { email } = await newUser()
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
      expect(await failTimes(1, `a.${address}@example.com`, forwarded(address))).toEqual(['401 UNAUTHENTICATED'])
    }
    const refused = await logIn(email, RIGHT, forwarded('203.0.113.4'))
    expect(codeOf(refused)).toBe('429 RATE_LIMITED')
    expect(refused.headers['ratelimit-policy']).toBe('"login-address";q=3;w=900')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800)
    // One document for the one real address.
    const ids = await api.connection.collection('login_attempts').distinct('_id')
    expect(ids.filter((id) => String(id).startsWith('address:'))).toHaveLength(1)
  })

  it('behind a trusted proxy the address that it names counts, and what the client put before it does not', async () => {
    api = await startApi({ ...REQUIRED, ...accounts, TRUST_PROXY: '1' })
    const { email } = await newUser()
    expect(await failTimes(1, 'a@example.com', forwarded('198.51.100.1, 203.0.113.9'))).toEqual(['401 UNAUTHENTICATED'])
    expect(await failTimes(1, 'b@example.com', forwarded('198.51.100.2, 203.0.113.9'))).toEqual(['401 UNAUTHENTICATED'])
    expect(await failTimes(1, 'c@example.com', forwarded('::ffff:203.0.113.9'))).toEqual(['401 UNAUTHENTICATED'])
    expect(codeOf(await logIn(email, RIGHT, forwarded('203.0.113.9')))).toBe('429 RATE_LIMITED')
    expect(codeOf(await logIn(email, RIGHT, forwarded('198.51.100.1')))).toBe(200)
    expect(codeOf(await logIn(email, RIGHT, forwarded('203.0.113.9, 203.0.113.10')))).toBe(200)
  })

  it('an IPv6 network is one address', async () => {
    api = await startApi({ ...REQUIRED, ...accounts, TRUST_PROXY: '1' })
    const { email } = await newUser()
    for (const host of [1, 2, 3]) await failTimes(1, `${host}@example.com`, forwarded(`2001:db8:1:2::${host}`))
    expect(codeOf(await logIn(email, RIGHT, forwarded('2001:db8:1:2:ffff::9')))).toBe('429 RATE_LIMITED')
    expect(codeOf(await logIn(email, RIGHT, forwarded('2001:db8:1:3::9')))).toBe(200)
  })

  it('right passwords do not count, however many come at once', async () => {
    api = await startApi({ ...REQUIRED, LOGIN_ADDRESS_ATTEMPTS_MAX: '20' })
    const emails = await Promise.all(Array.from({ length: 4 }, async () => (await newUser()).email))
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all([...emails, ...emails].map((email) => logIn(email, RIGHT)))
      expect(answers.map(codeOf)).toEqual(Array(8).fill(200))
    }
    expect(await failTimes(19, 'wrong@example.com').then((codes) => codes.at(9))).toBe('401 UNAUTHENTICATED')
  })
})

it('routes that send mail are limited by address, and say how the caller stands', async () => {
  api = await startApi({ ...REQUIRED, TRUST_PROXY: '1' })
  const forgot = (n: number, address = '203.0.113.9') =>
    api.request
      .post('/auth/password/forgot')
      .set({ 'X-Forwarded-For': address })
      .send({ email: `nobody.${n}@example.com` })
  const first = await forgot(0)
  expect(first.status).toBe(202)
  expect(first.headers['ratelimit-policy']).toBe('"mail";q=30;w=60')
  expect(first.headers['ratelimit']).toMatch(/^"mail";r=29;t=(60|5\d)$/)
  // A body that is refused has been counted too, and says so.
  const invalid = await api.request.post('/auth/password/forgot').set({ 'X-Forwarded-For': '203.0.113.9' }).send({})
  expect(invalid.body.data.code).toBe('VALIDATION_FAILED')
  expect(invalid.headers['ratelimit']).toMatch(/^"mail";r=28;/)
  const rest = await Promise.all(Array.from({ length: 30 }, (_, n) => forgot(n + 1)))
  expect(rest.filter(({ status }) => status === 202)).toHaveLength(28)
  const refused = rest.find(({ status }) => status === 429)!
  expect(refused.body.data.code).toBe('RATE_LIMITED')
  expect(refused.headers['ratelimit']).toMatch(/^"mail";r=0;t=\d+$/)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await forgot(1, '203.0.113.10')).status).toBe(202)
})

it('a hash of a lower cost is renewed at the next login, and of no other', async () => {
  api = await startApi({ ...REQUIRED, BCRYPT_COST: '5' })
  const hashOf = async (email: string) =>
    (await api.connection.collection('users').findOne({ email }))?.['password_hash'] as string
  const { email } = await newUser()
  const older = '$2b$04$rq11z2SW3ksum5DkjxSKa.Cqay8xSVXdFVmCaOAI5GyX6Qzji5zzq'
  await api.connection.collection('users').updateOne({ email }, { $set: { password_hash: older } })
  expect((await logIn(email, WRONG)).status).toBe(401)
  expect(await hashOf(email)).toBe(older)
  const session = await signIn(api, email, 'Password@123')
  await until(
    async () => (await hashOf(email)).startsWith('$2b$05$'),
    5_000,
    () => 'the hash is not renewed',
  )
  // Nobody sees that: the session goes on, and the password is the same.
  expect((await api.request.get('/auth/me').set(session.headers)).status).toBe(200)
  const renewed = await hashOf(email)
  await signIn(api, email, RIGHT)
  expect(await hashOf(email)).toBe(renewed)
})

it('the policy of the environment holds wherever a password is chosen, and the documentation tells it', async () => {
  api = await startApi({
    ...REQUIRED,
    ALLOW_REGISTRATION: 'true',
    PASSWORD_MIN_BYTES: '10',
    PASSWORD_CLASSES: 'lower,symbol',
  })
  const body = { name: 'John Doe', email: 'policy@example.com', password: 'Password1' }
  const codes = ['string.min', 'string.pattern.name']
  const { id } = await newUser({ password: 'lower case' })
  const answers = [
    await api.request.post('/users').set(OPERATOR).send(body),
    await api.request.post('/auth/register').send(body),
    await api.request.put(`/users/${id}/password`).set(OPERATOR).send({ password: 'Password1' }),
    await api.request.patch(`/users/${id}`).set(OPERATOR).send({ password: 'Password1' }),
    await api.request.post('/auth/password/reset').send({ token: 'x'.repeat(43), password: 'Password1' }),
  ]
  for (const { body: answer } of answers) {
    const own = answer.data.errors.filter(({ field }: { field: string }) => field === 'password')
    expect(own.map(({ code }: { code: string }) => code)).toEqual(codes)
    expect(JSON.stringify(answer)).not.toContain('Password1')
  }
  const document = JSON.stringify((await api.request.get('/openapi.json')).body)
  expect(document).toContain('10 to 72 bytes in UTF-8, with a lower-case letter and a symbol; none of the commonest')
  expect(document).not.toContain('{password policy}')
})
