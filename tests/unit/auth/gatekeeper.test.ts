import { OPERATOR } from '../../../src/http/caller'
import { CLIENT, inMemorySignIn, person } from '../../support/in-memory-sign-in'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const UNAUTHENTICATED = {
  code: 'UNAUTHENTICATED',
  message: 'This call needs a valid access token or API key',
  headers: { 'WWW-Authenticate': 'Bearer' },
}

async function setUp(user = person()) {
  const signIn = inMemorySignIn()
  signIn.state.users.set(user.id, user)
  await signIn.keys.ensure()
  const { access_token: token, session_id: sessionId } = await signIn.sessions.open(user.id, CLIENT, ['pwd'])
  return { ...signIn, token, sessionId }
}

describe('without credentials', () => {
  it('the caller is nobody', async () => {
    const { gatekeeper } = await setUp()
    expect(gatekeeper().identify({})).toMatchObject({ kind: 'anonymous' })
  })

  it('in open mode the caller is the operator', async () => {
    const { gatekeeper } = await setUp()
    expect(gatekeeper({ mode: 'open' }).identify({})).toBe(OPERATOR)
  })
})

describe('with an access token', () => {
  it('the caller is its person, with what its roles let it do', async () => {
    const grants = ['CLIENT', 'AUDITOR'].map((role) => ({ role, granted_at: new Date(0), expires_at: null }))
    const { gatekeeper, token, state, sessionId, clock } = await setUp(person({ grants }))
    state.permissions.set('AUDITOR', ['audit:read'])
    expect(await gatekeeper().identify(bearer(token))).toEqual({
      kind: 'user',
      userId: 'john',
      sessionId,
      roles: ['CLIENT', 'AUDITOR'],
      permissions: new Set(['audit:read']),
      authenticatedAt: clock().getTime(),
    })
  })

  it('a second call is answered at once, and asks no store', async () => {
    const { gatekeeper, token, state } = await setUp()
    const first = await gatekeeper().identify(bearer(token))
    state.asked.length = 0
    expect(gatekeeper().identify(bearer(token))).toBe(first)
    expect(state.asked).toEqual([])
  })

  it('nothing in memory is believed when it may be old', async () => {
    const { gatekeeper, token, state } = await setUp()
    await gatekeeper().identify(bearer(token))
    state.fresh = false
    state.users.set('john', person({ is_active: false }))
    await expect(gatekeeper().identify(bearer(token))).rejects.toMatchObject(UNAUTHENTICATED)
  })

  it('a token that is over is refused, also from memory', async () => {
    const { gatekeeper, token, pass } = await setUp()
    await gatekeeper().identify(bearer(token))
    pass(899)
    expect(gatekeeper().identify(bearer(token))).toMatchObject({ kind: 'user' })
    pass(1)
    await expect(gatekeeper().identify(bearer(token))).rejects.toMatchObject(UNAUTHENTICATED)
  })

  it('a grant ends by itself', async () => {
    const end = new Date('2026-03-01T12:00:10.000Z')
    const grants = [{ role: 'ADMIN', granted_at: new Date(0), expires_at: end }]
    const { gatekeeper, token, pass } = await setUp(person({ grants }))
    expect(await gatekeeper().identify(bearer(token))).toMatchObject({ roles: ['ADMIN'], permissions: 'all' })
    pass(9)
    expect(gatekeeper().identify(bearer(token))).toMatchObject({ permissions: 'all' })
    pass(1)
    expect(await gatekeeper().identify(bearer(token))).toMatchObject({ roles: [], permissions: new Set() })
  })

  it('a changed role or user counts as soon as the poll tells it', async () => {
    const grants = [{ role: 'AUDITOR', granted_at: new Date(0), expires_at: null }]
    const { gatekeeper, token, state, people, clock } = await setUp(person({ grants }))
    const [users, roles] = people.sources()
    const permissions = async () => (await gatekeeper().identify(bearer(token))).permissions
    expect(await permissions()).toEqual(new Set())

    state.permissions.set('AUDITOR', ['audit:read'])
    state.rolesChanged = [{ name: 'AUDITOR', version: 2, updated_at: clock() }]
    roles!.drop(await roles!.changedSince(clock()))
    expect(await permissions()).toEqual(new Set(['audit:read']))
    // The window tells the same change again: it is news once.
    expect(await roles!.changedSince(clock())).toEqual([])

    state.users.set('john', person({ grants: [] }))
    state.usersChanged = ['john']
    users!.drop(await users!.changedSince(clock()))
    expect(await permissions()).toEqual(new Set())
  })

  it('too many changes to tell drop everything', async () => {
    const { people, callers, sessionDao, state, clock } = await setUp()
    state.usersChanged = Array.from({ length: 1_000 }, String)
    state.rolesChanged = state.usersChanged.map((name) => ({ name, version: 1, updated_at: clock() }))
    for (const source of people.sources()) expect(await source.changedSince(clock())).toBe('all')
    jest.spyOn(sessionDao, 'endedSince').mockResolvedValue(state.usersChanged)
    expect(await callers.source().changedSince(clock())).toBe('all')
  })

  it('a session that another process prolonged goes on', async () => {
    const { gatekeeper, token, sessionDao, sessionId, state, people, clock, pass } = await setUp()
    await gatekeeper().identify(bearer(token))
    pass(5)
    state.users.set('john', person({ sessions_not_before: clock() }))
    people.sources()[0]!.drop(['john'])
    await expect(gatekeeper().identify(bearer(token))).rejects.toMatchObject(UNAUTHENTICATED)
    await sessionDao.renew(sessionId, clock())
    expect(await gatekeeper().identify(bearer(token))).toMatchObject({ sessionId })
  })

  it('in open mode the caller is the operator who has a session', async () => {
    const { gatekeeper, token, sessionId } = await setUp()
    const open = gatekeeper({ mode: 'open' })
    const operator = { kind: 'operator', permissions: 'all', userId: 'john', sessionId }
    expect(await open.identify(bearer(token))).toMatchObject(operator)
    expect(open.identify(bearer(token))).toMatchObject(operator)
    await expect(open.identify(bearer('nonsense'))).rejects.toMatchObject(UNAUTHENTICATED)
  })

  it('the session must be that of the token’s user', async () => {
    const { gatekeeper, tokens, sessionId, state } = await setUp()
    state.users.set('jane', person({ id: 'jane' }))
    const swapped = await tokens.issue('jane', sessionId)
    await expect(gatekeeper().identify(bearer(swapped))).rejects.toMatchObject(UNAUTHENTICATED)
  })
})

describe('the header', () => {
  it.each(['bearer ', 'BEARER ', 'Bearer   '])('%j is the scheme, too', async (scheme) => {
    const { gatekeeper, token } = await setUp()
    expect(await gatekeeper().identify({ authorization: `${scheme}${token}` })).toMatchObject({ kind: 'user' })
  })

  it.each(['', 'Bearer', 'Bearer a b', 'Basic am9objp4', 'Token abc', 'Bearer\tabc', 'Bearer abc, Bearer def'])(
    '%j is refused',
    async (authorization) => {
      const { gatekeeper } = await setUp()
      const identify = async () => gatekeeper().identify({ authorization })
      await expect(identify()).rejects.toMatchObject(UNAUTHENTICATED)
      await expect(async () => gatekeeper({ mode: 'open' }).identify({ authorization })).rejects.toMatchObject(
        UNAUTHENTICATED,
      )
    },
  )
})

describe('keys', () => {
  const KEY = 'k'.repeat(40)
  const API_KEY = { kind: 'api_key', userId: 'john', keyId: 'k', roles: [], permissions: new Set<string>() } as const

  it('that of the environment is the operator’s, and no other', async () => {
    const { gatekeeper } = await setUp()
    const withKey = gatekeeper({ bootstrapApiKey: KEY })
    expect(withKey.identify(bearer(KEY))).toBe(OPERATOR)
    await expect(withKey.identify(bearer(`${KEY}k`))).rejects.toMatchObject(UNAUTHENTICATED)
    await expect(gatekeeper().identify(bearer(KEY))).rejects.toMatchObject(UNAUTHENTICATED)
  })

  it.each([
    ['at once', { identify: () => API_KEY }],
    ['after a read', { identify: async () => API_KEY }],
  ])('programs have theirs, known %s', async (_, apiKeys) => {
    const { gatekeeper } = await setUp()
    expect(await gatekeeper({ apiKeys }).identify(bearer('rck_x'))).toBe(API_KEY)
    expect(await gatekeeper({ apiKeys, mode: 'open' }).identify(bearer('rck_x'))).toBe(OPERATOR)
  })

  it.each([
    ['at once', { identify: () => undefined }],
    ['after a read', { identify: async () => undefined }],
  ])('an unknown one is refused, %s', async (_, apiKeys) => {
    const { gatekeeper } = await setUp()
    const identify = async () => gatekeeper({ apiKeys }).identify(bearer('rck_x'))
    await expect(identify()).rejects.toMatchObject(UNAUTHENTICATED)
  })
})

describe('a fresh proof', () => {
  it('is asked of people alone', async () => {
    const { gatekeeper } = await setUp()
    await expect(gatekeeper().requireFresh(OPERATOR)).resolves.toBeUndefined()
  })

  it('lasts as long as it may', async () => {
    const { gatekeeper, token, pass } = await setUp()
    pass(600)
    await expect(gatekeeper().requireFresh(await gatekeeper().identify(bearer(token)))).resolves.toBeUndefined()
    pass(1)
    const caller = await gatekeeper().identify(bearer(token))
    await expect(gatekeeper().requireFresh(caller)).rejects.toMatchObject({
      code: 'STEP_UP_REQUIRED',
      headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication", max_age=600' },
    })
  })

  it('may have been given in another process a moment ago', async () => {
    const { gatekeeper, token, pass, sessionDao, sessionId, clock, sessions } = await setUp()
    pass(700)
    const caller = await gatekeeper().identify(bearer(token))
    await sessionDao.authenticate(sessionId, clock(), ['pwd'])
    await expect(gatekeeper().requireFresh(caller)).resolves.toBeUndefined()
    pass(700)
    await sessions.end(sessionId)
    await expect(gatekeeper().requireFresh(caller)).rejects.toMatchObject(UNAUTHENTICATED)
    await expect(gatekeeper().requireFresh({ kind: 'user', roles: [], permissions: 'all' })).rejects.toMatchObject(
      UNAUTHENTICATED,
    )
  })
})
