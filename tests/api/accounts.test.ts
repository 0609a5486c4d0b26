import { BcryptHasher } from '../../src/passwords/password-hasher'
import { startApi, type TestApi, VALIDATION_STATUS } from '../support/api'
import { mailsTo, mailTo, tokenIn } from '../support/mailbox'
import { signIn } from '../support/sign-in'

const ADMIN = { email: 'admin@example.com', password: 'Correct-Horse-7' }
const PASSWORD = 'Battery-Staple-8'
const OTHER_PASSWORD = 'Paper-Clip-Nine-9'
const INVALID_TOKEN = {
  data: { code: 'TOKEN_INVALID', errors: [], request_id: expect.any(String) },
  message: 'This link or code is not valid, or no longer',
  status_code: 400,
}
const VERIFY = 'Confirm your e-mail address'
const RESET = 'Choose a new password'
const INVITED = 'You are invited'
const LEAVE = 'Confirm the change of your e-mail address'
const JOIN = 'Confirm your new e-mail address'

let api: TestApi
let admin: Readonly<Record<string, string>>
let made = 0
let calls = 0
const newEmail = () => `person${(made += 1)}@example.com`
/** Each call from an address of its own: how many mails one address may ask for is for other tests. */
const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  api.request
    .post(path)
    .set({ 'X-Forwarded-For': `10.1.${(calls += 1) >> 8}.${calls & 255}`, ...headers })
    .send(body)
const put = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  api.request.put(path).set(headers).send(body)

async function start(env: Readonly<Record<string, string>> = {}) {
  api = await startApi({
    AUTH_MODE: 'required',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    ALLOW_REGISTRATION: 'true',
    TRUST_PROXY: 'loopback',
    ...env,
  })
  admin = { ...(await signIn(api, ADMIN.email, ADMIN.password)).headers }
}

async function register(email = newEmail()) {
  const answer = await post('/auth/register', { name: 'Jane Doe', email, password: PASSWORD })
  expect(answer.status).toBe(201)
  return { id: answer.body.data.id as string, email }
}

async function tokenFor(email: string, subject: string, count = 1) {
  return tokenIn(await mailTo(api, email, subject, count))
}

describe('accounts', () => {
  beforeAll(() => start())
  afterAll(() => api.stop())

  describe('registration', () => {
    it('makes a user without rights and mails a token', async () => {
      const email = newEmail()
      const body = {
        first_name: 'Jane',
        last_name: 'Doe',
        email,
        password: PASSWORD,
        age: 30,
        metadata: { plan: 'pro' },
      }
      const answer = await post('/api/v1/auth/register', body)

      expect(answer.status).toBe(201)
      expect(answer.headers['location']).toBe(`/api/v1/users/${answer.body.data.id}`)
      expect(answer.body).toMatchObject({
        data: {
          name: 'Jane Doe',
          email,
          email_verified: false,
          roles: ['CLIENT'],
          is_active: true,
          has_password: true,
        },
        message: 'Registered',
      })
      expect(answer.text).not.toContain(PASSWORD)
      const { text } = await mailTo(api, email, VERIFY)
      expect(text).toContain('curl -X POST http://127.0.0.1:8000/api/v1/auth/email/verify')
      expect(text).not.toContain('Jane')
    })

    it.each([
      ['roles', ['ADMIN']],
      ['is_active', true],
      ['email_verified', true],
    ])('refuses %s', async (field, value) => {
      const answer = await post('/auth/register', { name: 'J', email: newEmail(), password: PASSWORD, [field]: value })

      expect([answer.status, answer.body.data.errors]).toEqual([
        VALIDATION_STATUS,
        [expect.objectContaining({ field, code: 'object.unknown' })],
      ])
    })

    it('needs a password', async () => {
      const answer = await post('/auth/register', { name: 'J', email: newEmail() })

      expect([answer.status, answer.body.data.errors]).toEqual([
        VALIDATION_STATUS,
        [expect.objectContaining({ field: 'password', code: 'any.required' })],
      ])
    })

    it('says that an address is taken', async () => {
      const { email } = await register()
      const answer = await post('/auth/register', { name: 'J', email: email.toUpperCase(), password: PASSWORD })

      expect([answer.status, answer.body.data.code]).toEqual([409, 'EMAIL_TAKEN'])
    })

    it('sends one address at most five mails an hour', async () => {
      const email = newEmail()
      const ask = () => post('/auth/email/verify/resend', { email })
      const answers = [await ask(), await ask(), await ask(), await ask(), await ask(), await ask()]

      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 429])
      expect(answers.at(-1)!.headers['retry-after']).toMatch(/^\d+$/)
    })
  })

  describe('verification', () => {
    it('is proved by the token, once', async () => {
      const { id, email } = await register()
      const token = await tokenFor(email, VERIFY)
      const first = await post('/auth/email/verify', { token })

      expect([first.status, first.body.data.id, first.body.data.email_verified]).toEqual([200, id, true])
      expect((await post('/auth/email/verify', { token })).body).toEqual(INVALID_TOKEN)
    })

    it('goes on with the newest token alone', async () => {
      const { email } = await register()
      const earlier = await tokenFor(email, VERIFY)
      expect((await post('/auth/email/verify/resend', { email })).status).toBe(202)
      const newest = await tokenFor(email, VERIFY, 2)

      expect((await post('/auth/email/verify', { token: earlier })).body).toEqual(INVALID_TOKEN)
      expect((await post('/auth/email/verify', { token: newest })).status).toBe(200)
    })

    it.each(['', 'x', 'rcv_', 'rcj_nonsense', `rcv_${'A'.repeat(43)}`, `rcp_${'A'.repeat(43)}`])(
      'refuses %j',
      async (token) => {
        const answer = await post('/auth/email/verify', { token })

        if (token === '') expect(answer.status).toBe(VALIDATION_STATUS)
        else expect(answer.body).toEqual(INVALID_TOKEN)
      },
    )

    it('refuses a token of another purpose, of a user who is gone or disabled, and an expired one', async () => {
      const { id, email } = await register()
      const verify = await tokenFor(email, VERIFY)
      await post('/auth/password/forgot', { email })
      const reset = await tokenFor(email, RESET)
      expect((await post('/auth/password/reset', { token: verify, password: OTHER_PASSWORD })).body).toEqual(
        INVALID_TOKEN,
      )
      expect((await post('/auth/email/verify', { token: reset })).body).toEqual(INVALID_TOKEN)

      await api.connection
        .db!.collection('one_time_tokens')
        .updateMany({ user_id: id }, [{ $set: { expires_at: '$created_at' } }])
      expect((await post('/auth/email/verify', { token: verify })).body).toEqual(INVALID_TOKEN)
      expect((await post('/auth/password/reset', { token: reset, password: OTHER_PASSWORD })).body).toEqual(
        INVALID_TOKEN,
      )

      const gone = await register()
      const goneToken = await tokenFor(gone.email, VERIFY)
      await api.request.delete(`/users/${gone.id}`).set(admin).expect(204)
      expect((await post('/auth/email/verify', { token: goneToken })).body).toEqual(INVALID_TOKEN)

      const disabled = await register()
      const disabledToken = await tokenFor(disabled.email, VERIFY)
      await api.request.patch(`/users/${disabled.id}`).set(admin).send({ is_active: false }).expect(200)
      expect((await post('/auth/email/verify', { token: disabledToken })).body).toEqual(INVALID_TOKEN)
    })

    it('keeps no token in the clear', async () => {
      const { id, email } = await register()
      const token = await tokenFor(email, VERIFY)
      const [stored] = await api.connection.db!.collection('one_time_tokens').find({ user_id: id }).toArray()

      expect(stored).toEqual({
        _id: `verify_email:${id}`,
        user_id: id,
        purpose: 'verify_email',
        email,
        hash: expect.stringMatching(/^[\w-]{43}$/),
        created_at: expect.any(Date),
        expires_at: new Date(Number(stored!['created_at']) + 24 * 3_600_000),
      })
      expect(JSON.stringify(stored)).not.toContain(token.slice(4))
    })

    it('of 20 uses at once one succeeds', async () => {
      const { email } = await register()
      const token = await tokenFor(email, VERIFY)
      const answers = await Promise.all(Array.from({ length: 20 }, () => post('/auth/email/verify', { token })))

      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(400)])
    })
  })

  describe('a forgotten password', () => {
    it('is replaced by mail: sessions end, the address is verified, the owner is told', async () => {
      const { email } = await register()
      const session = await signIn(api, email, PASSWORD)
      const asked = await post('/auth/password/forgot', { email })
      expect([asked.status, asked.body]).toEqual([
        202,
        { data: null, message: 'If this address has an account, a mail was sent to it', status_code: 202 },
      ])
      const token = await tokenFor(email, RESET)
      const answer = await post('/auth/password/reset', { token, password: OTHER_PASSWORD })

      expect([answer.status, answer.body.message, answer.body.data.email_verified]).toEqual([200, 'Password set', true])
      expect((await post('/auth/refresh', { refresh_token: session.refreshToken })).status).toBe(401)
      expect((await post('/auth/login', { email, password: PASSWORD })).status).toBe(401)
      await signIn(api, email, OTHER_PASSWORD)
      await mailTo(api, email, 'Your password was changed')
      expect((await post('/auth/password/reset', { token, password: PASSWORD })).body).toEqual(INVALID_TOKEN)
    })

    it('answers alike for an address that nobody has, and sends nothing there', async () => {
      const { email } = await register()
      const nobody = newEmail()
      const [missing, present] = [
        await post('/auth/password/forgot', { email: nobody }),
        await post('/auth/password/forgot', { email }),
      ]

      expect([missing.status, missing.body]).toEqual([present.status, present.body])
      await mailTo(api, email, RESET)
      expect(await mailsTo(api, nobody)).toEqual([])
    })

    it('sends nothing to whoever is disabled', async () => {
      const [disabled, enabled] = [await register(), await register()]
      await api.request.patch(`/users/${disabled.id}`).set(admin).send({ is_active: false }).expect(200)
      await post('/auth/password/forgot', { email: disabled.email })
      await post('/auth/password/forgot', { email: enabled.email })

      await mailTo(api, enabled.email, RESET)
      expect((await mailsTo(api, disabled.email)).map(({ subject }) => subject)).toEqual([VERIFY])
    })

    it('applies the policy before it uses the token up', async () => {
      const { email } = await register()
      await post('/auth/password/forgot', { email })
      const token = await tokenFor(email, RESET)
      const answer = await post('/auth/password/reset', { token, password: 'short' })

      expect([answer.status, answer.body.data.code]).toEqual([VALIDATION_STATUS, 'VALIDATION_FAILED'])
      expect(answer.text).not.toContain('short"')
      expect((await post('/auth/password/reset', { token, password: OTHER_PASSWORD })).status).toBe(200)
    })

    it('every token dies with the password and with the e-mail', async () => {
      const { id, email } = await register()
      const verify = await tokenFor(email, VERIFY)
      await post('/auth/password/forgot', { email })
      const reset = await tokenFor(email, RESET)
      await put(`/users/${id}/password`, { password: OTHER_PASSWORD }, admin).expect(200)
      expect((await post('/auth/password/reset', { token: reset, password: PASSWORD })).body).toEqual(INVALID_TOKEN)
      expect((await post('/auth/email/verify', { token: verify })).body).toEqual(INVALID_TOKEN)

      await post('/auth/password/forgot', { email })
      const second = await tokenFor(email, RESET, 2)
      await put(`/users/${id}/email`, { email: newEmail() }, admin).expect(200)
      expect((await post('/auth/password/reset', { token: second, password: PASSWORD })).body).toEqual(INVALID_TOKEN)
    })

    it('of 20 resets at once one succeeds', async () => {
      const { email } = await register()
      await post('/auth/password/forgot', { email })
      const token = await tokenFor(email, RESET)
      const passwords = Array.from({ length: 20 }, (_, n) => `Another-One-${n}x`)
      const answers = await Promise.all(passwords.map((password) => post('/auth/password/reset', { token, password })))

      const won = passwords.filter((_, n) => answers[n]!.status === 200)
      expect(won).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19)
      await signIn(api, email, won[0]!)
    })

    it('opens a locked account', async () => {
      const { email } = await register()
      const guess = () => post('/auth/login', { email, password: 'Wrong-Guess-1' })
      for (let n = 0; n < 10; n += 1) await guess()
      expect((await post('/auth/login', { email, password: PASSWORD })).body.data.code).toBe('ACCOUNT_LOCKED')
      await mailTo(api, email, 'Your account is locked for a while')
      await post('/auth/password/forgot', { email })
      const token = await tokenFor(email, RESET)
      await post('/auth/password/reset', { token, password: OTHER_PASSWORD }).expect(200)
      await mailTo(api, email, 'Your password was changed')

      const answer = await post('/auth/login', { email, password: OTHER_PASSWORD })
      expect(answer.status).toBe(200)
    })
  })

  describe('invitations', () => {
    const invite = (email: string, more: object = {}) =>
      post('/auth/invitations', { name: 'Guest', email, ...more }, admin)

    it('makes a user without a password, who chooses one by mail', async () => {
      const email = newEmail()
      const invited = await invite(email)
      expect([invited.status, invited.body.message]).toEqual([201, 'User invited'])
      expect(invited.body.data).toMatchObject({ email, has_password: false, email_verified: false, roles: ['CLIENT'] })
      expect(invited.headers['location']).toBe(`/api/v1/users/${invited.body.data.id}`)
      const token = await tokenFor(email, INVITED)
      const accepted = await post('/auth/invitations/accept', { token, password: PASSWORD, name: 'Grace Guest' })

      expect(accepted.status).toBe(200)
      expect(accepted.body.data).toMatchObject({ name: 'Grace Guest', has_password: true, email_verified: true })
      await signIn(api, email, PASSWORD)
      expect((await post('/auth/invitations/accept', { token, password: PASSWORD })).body).toEqual(INVALID_TOKEN)
    })

    it('keeps the name of the invitation when no other is given', async () => {
      const email = newEmail()
      await invite(email)
      const token = await tokenFor(email, INVITED)

      expect((await post('/auth/invitations/accept', { token, password: PASSWORD })).body.data.name).toBe('Guest')
    })

    it('is repeated for whoever has no password yet, and voids the earlier one', async () => {
      const email = newEmail()
      const first = await invite(email)
      const earlier = await tokenFor(email, INVITED)
      const again = await invite(email, { name: 'Somebody Else' })
      expect([again.status, again.body.data]).toEqual([200, first.body.data])
      const newest = await tokenFor(email, INVITED, 2)

      expect((await post('/auth/invitations/accept', { token: earlier, password: PASSWORD })).body).toEqual(
        INVALID_TOKEN,
      )
      expect((await post('/auth/invitations/accept', { token: newest, password: PASSWORD })).status).toBe(200)
      expect((await invite(email)).body.data.code).toBe('EMAIL_TAKEN')
    })

    it('is void once the user has a password', async () => {
      const email = newEmail()
      await invite(email)
      const invitation = await tokenFor(email, INVITED)
      await post('/auth/password/forgot', { email })
      const reset = await tokenFor(email, RESET)
      await post('/auth/password/reset', { token: reset, password: PASSWORD }).expect(200)

      const answer = await post('/auth/invitations/accept', { token: invitation, password: OTHER_PASSWORD })
      expect(answer.body).toEqual(INVALID_TOKEN)
    })

    it('gives no roles that the caller could not give, and is for holders of users:write', async () => {
      const { email } = await register()
      const client = await signIn(api, email, PASSWORD)
      expect((await post('/auth/invitations', { name: 'G', email: newEmail() }, { ...client.headers })).status).toBe(
        403,
      )
      expect((await post('/auth/invitations', { name: 'G', email: newEmail() })).status).toBe(401)

      await post('/roles', { name: 'INVITER', permissions: ['users:write'] }, admin).expect(201)
      const inviter = newEmail()
      await post('/users', { name: 'I', email: inviter, password: PASSWORD, roles: ['INVITER'] }, admin).expect(201)
      const headers = { ...(await signIn(api, inviter, PASSWORD)).headers }
      const escalation = await post('/auth/invitations', { name: 'G', email: newEmail(), roles: ['ADMIN'] }, headers)
      expect([escalation.status, escalation.body.data.code]).toEqual([403, 'FORBIDDEN'])
      expect((await post('/auth/invitations', { name: 'G', email: newEmail() }, headers)).status).toBe(201)
    })
  })

  describe('a change of e-mail by the person itself', () => {
    async function person() {
      const { id, email } = await register()
      return { id, email, headers: { ...(await signIn(api, email, PASSWORD)).headers } }
    }

    it.each([
      ['old', 'new'],
      ['new', 'old'],
    ])('takes effect when both addresses have confirmed: the %s one first', async (first, second) => {
      const { id, email, headers } = await person()
      const to = newEmail()
      const asked = await put(`/users/${id}/email`, { email: to }, headers)
      expect([asked.status, asked.body.data]).toEqual([202, null])
      const tokens: Record<string, string> = { old: await tokenFor(email, LEAVE), new: await tokenFor(to, JOIN) }

      const one = await post('/auth/email/verify', { token: tokens[first] })
      expect([one.status, one.body.data]).toEqual([202, { pending: second }])
      expect((await api.request.get(`/users/${id}`).set(headers)).body.data.email).toBe(email)
      expect((await post('/auth/email/verify', { token: tokens[first] })).body).toEqual(INVALID_TOKEN)

      const two = await post('/auth/email/verify', { token: tokens[second] })
      expect([two.status, two.body.data.email, two.body.data.email_verified]).toEqual([200, to, true])
      expect((await mailTo(api, email, 'Your e-mail address was changed')).text).toContain(to)
      await signIn(api, to, PASSWORD)
    })

    it('is superseded by a newer one, and withdrawn by asking for the present address', async () => {
      const { id, email, headers } = await person()
      const [to, later] = [newEmail(), newEmail()]
      await put(`/users/${id}/email`, { email: to }, headers).expect(202)
      const earlier = await tokenFor(to, JOIN)
      await put(`/users/${id}/email`, { email: later }, headers).expect(202)
      const token = await tokenFor(later, JOIN)
      expect((await post('/auth/email/verify', { token: earlier })).body).toEqual(INVALID_TOKEN)

      await put(`/users/${id}/email`, { email }, headers)
      expect((await post('/auth/email/verify', { token })).body).toEqual(INVALID_TOKEN)
    })

    it('is refused for an address that is taken, at once or in the end', async () => {
      const { id, email, headers } = await person()
      const answer = await put(`/users/${id}/email`, { email: ADMIN.email }, headers)
      expect([answer.status, answer.body.data.code]).toEqual([409, 'EMAIL_TAKEN'])

      const to = newEmail()
      await put(`/users/${id}/email`, { email: to }, headers).expect(202)
      const tokens = [await tokenFor(email, LEAVE), await tokenFor(to, JOIN)]
      await post('/users', { name: 'Faster', email: to }, admin).expect(201)
      expect((await post('/auth/email/verify', { token: tokens[0] })).status).toBe(202)
      expect((await post('/auth/email/verify', { token: tokens[1] })).body.data.code).toBe('EMAIL_TAKEN')
    })

    it('is for the version that was read', async () => {
      const { id, headers } = await person()
      const stale = await put(`/users/${id}/email`, { email: newEmail() }, { ...headers, 'If-Match': '"7"' })

      expect([stale.status, stale.body.data.code]).toEqual([412, 'VERSION_MISMATCH'])
    })

    it('dies with the password', async () => {
      const { id, headers } = await person()
      const to = newEmail()
      await put(`/users/${id}/email`, { email: to }, headers).expect(202)
      const token = await tokenFor(to, JOIN)
      await put(`/users/${id}/password`, { password: OTHER_PASSWORD }, admin).expect(200)

      expect((await post('/auth/email/verify', { token })).body).toEqual(INVALID_TOKEN)
    })

    it('of 20 confirmations at once one moves the user', async () => {
      const { id, email, headers } = await person()
      const to = newEmail()
      await put(`/users/${id}/email`, { email: to }, headers).expect(202)
      const tokens = [await tokenFor(email, LEAVE), await tokenFor(to, JOIN)]
      const uses = Array.from({ length: 20 }, (_, n) => post('/auth/email/verify', { token: tokens[n % 2] }))
      const answers = await Promise.all(uses)

      expect(answers.map(({ status }) => status).sort()).toEqual([200, 202, ...Array<number>(18).fill(400)])
    })
  })

  it('hands out what is held, without anything that lets somebody in', async () => {
    const { id, email } = await register()
    const headers = { ...(await signIn(api, email, PASSWORD)).headers }
    const token = await tokenFor(email, VERIFY)
    await put(`/users/${id}/email`, { email: newEmail() }, headers).expect(202)
    const answer = await api.request.get(`/users/${id}/export`).set(headers)

    expect(answer.status).toBe(200)
    expect(answer.body.data.account).toEqual({
      pending_tokens: [
        { purpose: 'verify_email', email, created_at: expect.any(String), expires_at: expect.any(String) },
      ],
      pending_email_change: {
        from: email,
        to: expect.any(String),
        confirmed: { old: false, new: false },
        created_at: expect.any(String),
        expires_at: expect.any(String),
      },
    })
    expect(answer.text).not.toContain(token)
  })
})

describe('where registration is closed', () => {
  beforeAll(() => start({ ALLOW_REGISTRATION: 'false' }))
  afterAll(() => api.stop())

  it('register is forbidden', async () => {
    const answer = await post('/auth/register', { name: 'J', email: newEmail(), password: PASSWORD })

    expect([answer.status, answer.body.data.code, answer.body.message]).toEqual([
      403,
      'FORBIDDEN',
      'Registration is closed here',
    ])
  })
})

describe('where nobody may learn who has an account', () => {
  beforeAll(() => start({ ENUMERATION_SAFE: 'true' }))
  afterAll(() => api.stop())

  const shown = (answer: { status: number; body: unknown; headers: Record<string, string> }) => {
    const { 'x-request-id': _, date: __, ratelimit: ___, ...headers } = answer.headers
    return { status: answer.status, body: answer.body, headers }
  }

  /** Somebody who has the address already, and to whom few mails went so far. */
  async function takenEmail() {
    const email = newEmail()
    await post('/users', { name: 'T', email, password: PASSWORD }, admin).expect(201)
    return email
  }

  it.each([
    ['/auth/register', { name: 'J', password: PASSWORD }],
    ['/auth/password/forgot', {}],
    ['/auth/email/verify/resend', {}],
  ])('%s answers the same for an address with an account and one without', async (path, body) => {
    const free = await post(path, { ...body, email: newEmail() })
    const taken = await post(path, { ...body, email: await takenEmail() })

    expect(free.status).toBe(202)
    expect(free.body.data).toBeNull()
    expect(shown(taken)).toEqual(shown(free))
  })

  it.each([
    ['/auth/register', { name: 'J', password: PASSWORD }, 1],
    ['/auth/password/forgot', {}, 0],
    ['/auth/email/verify/resend', {}, 0],
  ])('%s hashes as often either way', async (path, body, times) => {
    const emails = [newEmail(), await takenEmail()]
    const hashing = jest.spyOn(BcryptHasher.prototype, 'hash')
    const verifying = jest.spyOn(BcryptHasher.prototype, 'verify')
    const counts: number[] = []
    for (const email of emails) {
      await post(path, { ...body, email }).expect(202)
      counts.push(hashing.mock.calls.length)
      hashing.mockClear()
    }
    const verified = verifying.mock.calls.length
    jest.restoreAllMocks()

    expect([counts, verified]).toEqual([[times, times], 0])
  })

  it('the owner learns of it by mail, and the newcomer gets a token', async () => {
    const email = newEmail()
    await post('/auth/register', { name: 'J', email, password: PASSWORD }).expect(202)
    await post('/auth/register', { name: 'J', email: ADMIN.email, password: PASSWORD }).expect(202)

    await mailTo(api, ADMIN.email, 'You have an account already')
    const token = await tokenFor(email, VERIFY)
    // Else whoever registers could tell by logging in whether the address was free.
    expect((await post('/auth/login', { email, password: PASSWORD })).status).toBe(401)
    expect((await post('/auth/email/verify', { token })).status).toBe(200)
    await signIn(api, email, PASSWORD)
    await signIn(api, ADMIN.email, ADMIN.password)
  })

  it('an address that is taken can be asked for, but never be had', async () => {
    const email = newEmail()
    await post('/users', { name: 'P', email, password: PASSWORD }, admin).expect(201)
    await post('/auth/email/verify/resend', { email })
    await post('/auth/email/verify', { token: await tokenFor(email, VERIFY) }).expect(200)
    const { userId, headers: own } = await signIn(api, email, PASSWORD)
    const headers = { ...own }
    const taken = await put(`/users/${userId}/email`, { email: ADMIN.email }, headers)
    const token = await tokenFor(email, LEAVE)
    const free = await put(`/users/${userId}/email`, { email: newEmail() }, headers)

    expect(shown(taken)).toEqual(shown(free))
    await mailTo(api, ADMIN.email, 'Your e-mail address has an account already')
    expect((await mailsTo(api, ADMIN.email)).filter(({ subject }) => subject === JOIN)).toEqual([])
    expect((await post('/auth/email/verify', { token })).body).toEqual(INVALID_TOKEN)
  })
})

describe('where no mail can be sent', () => {
  beforeAll(() =>
    start({
      NODE_ENV: 'production',
      ENCRYPTION_KEY: 'ab'.repeat(32),
      REQUIRE_VERIFIED_EMAIL: 'true',
    }),
  )
  afterAll(() => api.stop())

  it.each([
    ['/auth/register', { name: 'J', password: PASSWORD }],
    ['/auth/password/forgot', {}],
    ['/auth/email/verify/resend', {}],
    ['/auth/invitations', { name: 'J' }],
  ])('%s says so, to everybody alike', async (path, body) => {
    for (const email of [newEmail(), ADMIN.email]) {
      const answer = await post(path, { ...body, email }, admin)

      expect([answer.status, answer.body.data.code, answer.body.message, answer.headers['retry-after']]).toEqual([
        503,
        'SERVICE_UNAVAILABLE',
        'This call sends a mail, and no mail server is set up here (SMTP_URL)',
        '60',
      ])
    }
  })

  it('notices are left out, and what they are about is done', async () => {
    const email = newEmail()
    const created = await post('/users', { name: 'P', email, password: PASSWORD }, admin).expect(201)

    await put(`/users/${created.body.data.id}/password`, { password: OTHER_PASSWORD }, admin).expect(200)
  })

  it('there is no mailbox', async () => {
    expect((await api.request.get('/dev/mailbox')).body.data.code).toBe('ROUTE_NOT_FOUND')
    expect((await api.request.get('/dev/mailbox.json')).body.data.code).toBe('ROUTE_NOT_FOUND')
  })
})
