import type { Caller } from '../../../src/http/caller'
import { CLIENT, inMemorySignIn, person } from '../../support/in-memory-sign-in'

const LOGIN = { email: 'john@example.com', password: 'Password@123' }
const WRONG = { code: 'UNAUTHENTICATED', message: 'E-mail or password is wrong' }

async function setUp(user = person()) {
  const signIn = inMemorySignIn()
  signIn.state.users.set(user.id, user)
  await signIn.keys.ensure()
  return signIn
}

it('signs a person in, and gives the account its attempts back', async () => {
  const { auth, state, sessions } = await setUp()
  const answer = await auth().login(LOGIN, CLIENT)
  expect(answer).toMatchObject({ token_type: 'Bearer', user: { id: 'john' } })
  expect(state.asked.slice(0, 4)).toEqual([
    'attempt john@example.com 192.0.2.7',
    'verify',
    'rehash john hash of Password@123 a better hash',
    'succeeded',
  ])
  expect((await sessions.exportFor('john'))[0]).toMatchObject({ amr: ['pwd'] })
})

it.each([
  ['nobody has the e-mail', person({ email: 'jane@example.com' }), false],
  ['the password is another one', person({ password_hash: 'hash of another' }), false],
  ['there is no password', person({ password_hash: null }), false],
  ['the user is disabled', person({ is_active: false }), false],
  ['the e-mail must be verified first', person(), true],
])('%s: the same answer after the same work', async (_, user, requireVerified) => {
  const { auth, state, sessions } = await setUp(user)
  await expect(auth(requireVerified).login(LOGIN, CLIENT)).rejects.toMatchObject(WRONG)
  const work = state.asked.filter((asked) => !asked.startsWith('rehash'))
  expect(work).toEqual(['attempt john@example.com 192.0.2.7', 'verify', 'failed'])
  expect(await sessions.exportFor('john')).toEqual([])
})

it('a verified e-mail lets in where one is required', async () => {
  const { auth } = await setUp(person({ email_verified: true }))
  await expect(auth(true).login(LOGIN, CLIENT)).resolves.toMatchObject({ token_type: 'Bearer' })
})

it('what was never compared does not count as a guess', async () => {
  const { auth, state } = await setUp()
  await expect(auth().login({ ...LOGIN, password: 'busy' }, CLIENT)).rejects.toThrow('Too many hashes')
  expect(state.asked.at(-1)).toBe('abandoned')
})

describe('with an active authenticator', () => {
  it('the right password alone is not enough, and neither a failure nor a success', async () => {
    const { auth, state } = await setUp()
    state.activeFactors.add('john')
    await expect(auth().login(LOGIN, CLIENT)).rejects.toMatchObject({ code: 'MFA_REQUIRED' })
    expect(state.asked.at(-1)).toBe('abandoned')
  })

  it('a wrong code is a guess', async () => {
    const { auth, state } = await setUp()
    state.activeFactors.add('john')
    await expect(auth().login({ ...LOGIN, code: '000000' }, CLIENT)).rejects.toMatchObject(WRONG)
    expect(state.asked.at(-1)).toBe('failed')
  })

  it('a wrong password with a right code is a wrong password', async () => {
    const { auth, state } = await setUp()
    state.activeFactors.add('john')
    const login = { ...LOGIN, password: 'Another@123', code: '123456' }
    await expect(auth().login(login, CLIENT)).rejects.toMatchObject(WRONG)
  })

  it('both together let in', async () => {
    const { auth, state, sessions } = await setUp()
    state.activeFactors.add('john')
    await auth().login({ ...LOGIN, code: '123456' }, CLIENT)
    expect((await sessions.exportFor('john'))[0]).toMatchObject({ amr: ['pwd', 'otp'] })
  })
})

it.each([
  ['changed', person({ sessions_not_before: new Date('2026-03-01T12:00:00.000Z') })],
  ['deleted', undefined],
])('a login during which the user is %s lets nobody in', async (_, later) => {
  const { auth, state, sessionDao, sessions } = await setUp()
  const insert = sessionDao.insert.bind(sessionDao)
  jest.spyOn(sessionDao, 'insert').mockImplementation(async (session) => {
    await insert(session)
    if (later) state.users.set('john', later)
    else state.users.delete('john')
  })
  await expect(auth().login(LOGIN, CLIENT)).rejects.toMatchObject(WRONG)
  expect((await sessions.exportFor('john')).map(({ ended_at }) => ended_at)).toEqual(['2026-03-01T12:00:00.000Z'])
})

describe('in a session', () => {
  async function signedIn() {
    const signIn = await setUp()
    const { session_id } = await signIn.auth().login(LOGIN, CLIENT)
    const caller = (await signIn.callers.find(session_id)) as Caller
    return { ...signIn, caller, session_id }
  }

  it('a step-up proves again who calls', async () => {
    const { auth, caller, pass, clock, callers, session_id, state } = await signedIn()
    pass(3_600)
    expect(await auth().stepUp(caller, { password: 'Password@123' }, CLIENT)).toEqual(clock())
    expect((await callers.find(session_id))?.authenticatedAt).toBe(clock().getTime())
    expect(state.asked).toContain('succeeded')
  })

  it('a step-up with a wrong password is a guess, and proves nothing', async () => {
    const { auth, caller, pass, callers, session_id, state } = await signedIn()
    pass(3_600)
    await expect(auth().stepUp(caller, { password: 'Another@123' }, CLIENT)).rejects.toMatchObject(WRONG)
    expect(state.asked.at(-1)).toBe('failed')
    expect((await callers.readAgain(session_id))?.authenticatedAt).toBe(caller.authenticatedAt)
  })

  it('a step-up of somebody who is gone is refused', async () => {
    const { auth, caller, state } = await signedIn()
    state.users.clear()
    await expect(auth().stepUp(caller, { password: 'Password@123' }, CLIENT)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  it('a log-out ends it', async () => {
    const { auth, caller, callers, session_id } = await signedIn()
    await auth().logout(caller)
    expect(await callers.find(session_id)).toBeUndefined()
  })

  it('the profile says what one may do, in order', async () => {
    const { auth, caller } = await signedIn()
    const some = { ...caller, permissions: new Set(['users:write', 'audit:read']) }
    expect((await auth().me(some)).permissions).toEqual(['audit:read', 'users:write'])
    const all = await auth().me({ ...caller, permissions: 'all' })
    expect(all.permissions).toEqual(all.permissions.toSorted())
    expect(all.permissions).toContain('users:delete')
  })

  it('nobody without one gets that far', async () => {
    const { auth } = await setUp()
    const operator: Caller = { kind: 'operator', roles: [], permissions: 'all' }
    await expect(auth().me(operator)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(auth().logout({ ...operator, userId: 'john' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})
