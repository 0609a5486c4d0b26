import { createHash } from 'node:crypto'
import { newToken, hashOfToken, type TokenKind } from '../../src/accounts/one-time-token'
import { LEASE_MS } from '../../src/http/idempotency'
import { startApi, type TestApi } from '../support/api'
import { routesOf } from '../support/app-routes'
import { diesAfter, unheard } from '../support/store-crash'
import { OPERATOR_KEY, PASSWORD, REQUIRED } from '../support/people'

const CHOSEN = 'Battery-Staple-8'
const HOUR_MS = 3_600_000
/** A store that is slow, on a machine that is busy, is not what these are about. */
const PATIENT = { MONGO_DEADLINE_MS: '30000' }
/** More writes than any route makes. */
const WRITES_MAX = 40
const WALK_MS = 120_000
const TOGETHER = 4

interface Scenario {
  readonly path: string
  readonly body?: object
  /** Absent: the operator's. null: none. */
  readonly token?: string | null
  /** Another request, for the same key. */
  readonly other: { readonly path?: string; readonly body?: object }
  /** What the request has changed. */
  readonly effect: () => Promise<unknown>
}

/** Those whose answers hold a secret: it is never kept, so they take no key. */
const SECRET = [
  '/auth/login',
  '/auth/refresh',
  '/auth/step-up',
  '/auth/mfa/totp',
  '/auth/mfa/totp/activate',
  '/auth/mfa/recovery-codes',
  '/auth/api-keys',
]
/** It ends the very session by which the caller is known: whoever asks again is nobody, and signed out. */
const SIGNS_OUT = '/auth/logout'

let api: TestApi
let made = 0
const unique = () => (made += 1)
const newEmail = () => `person${unique()}@example.com`
const address = () => `10.2.${unique() >> 8}.${made & 255}`
const collection = (name: string) => api.connection.collection(name)

beforeAll(async () => {
  api = await startApi({ ...REQUIRED, ...PATIENT, ALLOW_REGISTRATION: 'true', TRUST_PROXY: 'loopback' })
})
afterAll(() => api.stop())

async function call(path: string, body?: object, token: string | null = OPERATOR_KEY) {
  const sent = api.request.post(path).set('X-Forwarded-For', address())
  if (token !== null) sent.set('Authorization', `Bearer ${token}`)
  const answer = await sent.send(body ?? {})
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.text}`)
  return answer.body.data
}

async function newUser(
  more: object = { password: PASSWORD },
): Promise<{ readonly id: string; readonly email: string }> {
  return call('/users', { name: 'Some One', email: newEmail(), ...more })
}

async function deletedUser() {
  const user = await newUser()
  await api.request.delete(`/users/${user.id}`).set('Authorization', `Bearer ${OPERATOR_KEY}`).expect(204)
  return user
}

/** As the service keeps a token that it has mailed. */
async function mailed(purpose: Exclude<TokenKind, 'leave_email' | 'join_email'>, user: { id: string; email: string }) {
  const token = newToken(purpose)
  const created_at = new Date()
  await collection('one_time_tokens').insertOne({
    _id: `${purpose}:${user.id}` as never,
    user_id: user.id,
    purpose,
    email: user.email,
    hash: hashOfToken(token),
    created_at,
    expires_at: new Date(created_at.getTime() + HOUR_MS),
  })
  return token
}

/** A change of e-mail that waits for both addresses, or for one alone. */
async function change(user: { id: string; email: string }, to: string, leftAt: Date | null) {
  const [leave, join, created_at] = [newToken('leave_email'), newToken('join_email'), new Date()]
  await collection('email_changes').insertOne({
    _id: user.id as never,
    from: user.email,
    to,
    old: { hash: hashOfToken(leave), confirmed_at: leftAt },
    new: { hash: hashOfToken(join), confirmed_at: null },
    created_at,
    expires_at: new Date(created_at.getTime() + HOUR_MS),
  })
  return { leave, join }
}

/** All users of these addresses, living or deleted, as they are kept. */
async function usersOf(...emails: string[]) {
  const found = await Promise.all(
    ['users', 'deleted_users'].map((name) =>
      collection(name)
        .find({ email: { $in: emails } })
        .toArray(),
    ),
  )
  return found.map((users) =>
    users.map(({ name, email, email_verified, is_active, has_password, grants, version }) => ({
      ...{ name, email, email_verified, is_active, has_password, version },
      roles: (grants as { role: string }[]).map(({ role }) => role),
    })),
  )
}

async function logsIn(email: string, password: string) {
  const answer = await api.request.post('/auth/login').set('X-Forwarded-For', address()).send({ email, password })
  return answer.status
}

const tokensOf = (id: string, purpose: string) => collection('one_time_tokens').countDocuments({ user_id: id, purpose })

const SCENARIOS: Readonly<Record<string, () => Promise<Scenario>>> = {
  '/users': async () => {
    const body = { name: 'N', email: newEmail(), password: PASSWORD, roles: ['ADMIN'] }
    return { path: '/users', body, other: { body: { ...body, name: 'O' } }, effect: () => usersOf(body.email) }
  },
  '/users/{id}/roles': async () => {
    const { id, email } = await newUser()
    const other = { body: { roles: ['CLIENT'] } }
    return { path: `/users/${id}/roles`, body: { roles: ['ADMIN'] }, other, effect: () => usersOf(email) }
  },
  '/users/{id}/restore': async () => {
    const { id, email } = await deletedUser()
    const other = { path: `/users/${(await deletedUser()).id}/restore` }
    // What is left beside a living user is nobody's: the sweep takes it away.
    return { path: `/users/${id}/restore`, other, effect: async () => (await usersOf(email))[0] }
  },
  '/users/{id}/purge': async () => {
    const { id, email } = await deletedUser()
    const other = { path: `/users/${(await deletedUser()).id}/purge` }
    return { path: `/users/${id}/purge`, other, effect: () => usersOf(email) }
  },
  '/users/{id}/unlock': async () => {
    const { id, email } = await newUser()
    const other = { path: `/users/${(await newUser()).id}/unlock` }
    return { path: `/users/${id}/unlock`, other, effect: () => usersOf(email) }
  },
  '/roles': async () => {
    const body = { name: `ROLE_${unique()}`, permissions: ['users:read'] }
    const effect = async () => {
      const roles = await collection('roles').find({ name: body.name }).toArray()
      return roles.map(({ permissions, version }) => ({ permissions, version }))
    }
    return { path: '/roles', body, other: { body: { name: `ROLE_${unique()}` } }, effect }
  },
  '/auth/register': async () => {
    const body = { name: 'N', email: newEmail(), password: PASSWORD }
    const effect = async () => [await usersOf(body.email), await logsIn(body.email, PASSWORD)]
    return { path: '/auth/register', body, token: null, other: { body: { ...body, name: 'O' } }, effect }
  },
  '/auth/email/verify': async () => {
    const user = await newUser()
    const body = { token: await mailed('verify_email', user) }
    const effect = async () => [await usersOf(user.email), await tokensOf(user.id, 'verify_email')]
    return { path: '/auth/email/verify', body, token: null, other: { body: { token: 'rcv_other' } }, effect }
  },
  '/auth/email/verify (the first of two addresses)': async () => {
    const user = await newUser()
    const { leave } = await change(user, newEmail(), null)
    const effect = async () => {
      const waiting = await collection('email_changes').findOne({ _id: user.id as never })
      return [await usersOf(user.email), waiting && [waiting['old'].confirmed_at !== null, waiting['new'].confirmed_at]]
    }
    return {
      path: '/auth/email/verify',
      body: { token: leave },
      token: null,
      other: { body: { token: 'rcl_o' } },
      effect,
    }
  },
  '/auth/email/verify (the second of two addresses)': async () => {
    const user = await newUser()
    const to = newEmail()
    const { join } = await change(user, to, new Date())
    const effect = () => usersOf(user.email, to)
    return {
      path: '/auth/email/verify',
      body: { token: join },
      token: null,
      other: { body: { token: 'rcj_o' } },
      effect,
    }
  },
  '/auth/email/verify/resend': async () => {
    const { email } = await newUser()
    const other = { body: { email: newEmail() } }
    return { path: '/auth/email/verify/resend', body: { email }, token: null, other, effect: () => usersOf(email) }
  },
  '/auth/password/forgot': async () => {
    const { email } = await newUser()
    const other = { body: { email: newEmail() } }
    return { path: '/auth/password/forgot', body: { email }, token: null, other, effect: () => usersOf(email) }
  },
  '/auth/password/reset': async () => {
    const user = await newUser()
    const body = { token: await mailed('reset_password', user), password: CHOSEN }
    const other = { body: { ...body, password: `${CHOSEN}9` } }
    const effect = async () => [await usersOf(user.email), await logsIn(user.email, CHOSEN)]
    return { path: '/auth/password/reset', body, token: null, other, effect }
  },
  '/auth/invitations': async () => {
    const body = { name: 'N', email: newEmail() }
    return {
      path: '/auth/invitations',
      body,
      other: { body: { ...body, name: 'O' } },
      effect: () => usersOf(body.email),
    }
  },
  '/auth/invitations/accept': async () => {
    const user = await newUser({})
    const body = { token: await mailed('invitation', user), password: CHOSEN, name: 'Chosen' }
    const effect = async () => [
      await usersOf(user.email),
      await logsIn(user.email, CHOSEN),
      await tokensOf(user.id, 'invitation'),
    ]
    return { path: '/auth/invitations/accept', body, token: null, other: { body: { ...body, name: 'Other' } }, effect }
  },
  '/auth/setup': async () => {
    await collection('users').deleteMany({ 'grants.role': 'ADMIN' })
    await collection('guards').updateMany({}, { $set: { members: [], retired: [] } })
    await collection('setup_links').deleteMany({})
    const token = newToken('invitation')
    const created_at = new Date()
    await collection('setup_links').insertOne({
      _id: 'link' as never,
      start_id: 'start',
      token_hash: createHash('sha256').update(token).digest('hex'),
      created_at,
      expires_at: new Date(created_at.getTime() + HOUR_MS),
      held_until: null,
    })
    const body = { token, name: 'Root', email: newEmail(), password: PASSWORD }
    const effect = async () => [await usersOf(body.email), await collection('setup_links').countDocuments()]
    return { path: '/auth/setup', body, token: null, other: { body: { ...body, name: 'Other' } }, effect }
  },
  '/authz/explain': async () => ({
    path: '/authz/explain',
    body: { method: 'GET', path: '/users' },
    other: { body: { method: 'GET', path: '/roles' } },
    effect: async () => undefined,
  }),
}

/** One client with one key, from an address of its own. */
function client({ path, body, token = OPERATOR_KEY }: Scenario) {
  const headers: Record<string, string> = { 'Idempotency-Key': `key ${unique()}`, 'X-Forwarded-For': address() }
  if (token !== null) headers['Authorization'] = `Bearer ${token}`
  return {
    send: (other: Scenario['other'] = {}) =>
      api.request
        .post(other.path ?? path)
        .set(headers)
        .send(other.body ?? body ?? {}),
  }
}

type Answer = Awaited<ReturnType<ReturnType<typeof client>['send']>>

/** Without what differs between two persons and two times. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (key, part: unknown) => (key === 'request_id' ? 'request' : part))
  const blurred = (text ?? 'null')
    .replace(/[0-9a-f]{24}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'date')
    .replace(/person\d+@/g, 'person@')
    .replace(/ROLE_\d+/g, 'ROLE')
  return JSON.parse(blurred) as unknown
}

const said = ({ status, body, headers }: Answer) =>
  plain({ status, body: status === 204 ? null : body, etag: headers['etag'], location: headers['location'] })
const isReplay = ({ headers }: Answer) => headers['idempotency-replayed'] === 'true'

/** Leases of processes that are gone are over some seconds later. */
async function leasesEnd() {
  const over = { $set: { lease_until: new Date(Date.now() - LEASE_MS) } }
  await collection('idempotency').updateMany({ reply: { $exists: false } }, over)
}

test('every POST of the app stands here', () => {
  const posts = routesOf(api.app).filter(({ method }) => method === 'POST')
  const here = new Set([...SECRET, SIGNS_OUT, ...Object.keys(SCENARIOS).map((name) => name.replace(/ \(.*/, ''))])

  expect([...here].toSorted()).toEqual([...new Set(posts.map(({ path }) => path))].toSorted())
})

describe.each(Object.entries(SCENARIOS))('POST %s', (_name, prepare) => {
  let expected: { readonly answer: unknown; readonly effect: unknown }

  beforeAll(async () => {
    const scenario = await prepare()
    const answer = await client(scenario).send()
    expect(answer.status).toBeLessThan(300)
    expected = { answer: said(answer), effect: plain(await scenario.effect()) }
  })

  test('the first answer is given again, byte by byte, and nothing is done again', async () => {
    const scenario = await prepare()
    const { send } = client(scenario)
    const first = await send()
    const second = await send()

    expect([said(first), isReplay(first)]).toEqual([expected.answer, false])
    expect([second.status, second.text, isReplay(second)]).toEqual([first.status, first.text, true])
    for (const name of ['content-type', 'content-length', 'etag', 'location', 'cache-control']) {
      expect([name, second.headers[name]]).toEqual([name, first.headers[name]])
    }
    expect(plain(await scenario.effect())).toEqual(expected.effect)
  })

  test('another request with the key is refused, and does nothing', async () => {
    const scenario = await prepare()
    const { send } = client(scenario)
    await send()
    const other = await send(scenario.other)

    expect([other.status, other.body.data.code]).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
    expect(plain(await scenario.effect())).toEqual(expected.effect)
  })

  test(`${TOGETHER} at once: one is done, the others wait or get its answer`, async () => {
    const scenario = await prepare()
    const { send } = client(scenario)
    const answers = await Promise.all(Array.from({ length: TOGETHER }, () => send()))
    const done = answers.filter(({ status }) => status !== 409)

    for (const answer of done) expect(answer.text).toBe(done[0]!.text)
    expect(said(done[0]!)).toEqual(expected.answer)
    // Should the machine stand still for longer than a lease, a second one may have taken the work up.
    expect(done.some((answer) => !isReplay(answer))).toBe(true)
    expect(plain(await scenario.effect())).toEqual(expected.effect)
  })

  test.each([
    ['a process dies', diesAfter],
    ['nothing is heard of a write in time', unheard],
  ])(
    'wherever %s: one effect, and its answer to whoever asks again',
    async (_what, goesWrong) => {
      for (let writes = 0; writes < WRITES_MAX; writes += 1) {
        const scenario = await prepare()
        const { send } = client(scenario)
        const { died } = await goesWrong(writes, async () => send())
        await leasesEnd()
        const second = await send()
        const third = await send()

        expect([writes, said(second)]).toEqual([writes, expected.answer])
        expect([writes, third.status, third.text, isReplay(third)]).toEqual([writes, second.status, second.text, true])
        expect([writes, plain(await scenario.effect())]).toEqual([writes, expected.effect])
        if (!died) return
      }
      throw new Error('It never came to an end')
    },
    WALK_MS,
  )
})

describe('answers that hold a secret', () => {
  test.each(SECRET)('POST %s takes no key, and writes nothing down', async (path) => {
    const { email } = await newUser({ password: PASSWORD })
    const login = await api.request.post('/auth/login').send({ email, password: PASSWORD })
    const before = await collection('idempotency').countDocuments()
    const answer = await api.request
      .post(path)
      .set('Authorization', `Bearer ${login.body.data.access_token}`)
      .set('Idempotency-Key', 'k')
      .send({})

    expect(answer.body.data.errors).toContainEqual(expect.objectContaining({ code: 'idempotency.secret' }))
    expect(await collection('idempotency').countDocuments()).toBe(before)
  })
})

test('POST /auth/logout ends the session by which the caller is known: whoever asks again is signed out', async () => {
  const { email } = await newUser()
  const { access_token: token } = await call('/auth/login', { email, password: PASSWORD }, null)
  const { send } = client({ path: SIGNS_OUT, token, other: {}, effect: async () => undefined })

  expect((await send()).status).toBe(204)
  expect((await send()).status).toBe(401)
})
