import { parseRefreshToken } from '../../../src/auth/refresh-token'
import type { SessionTokens } from '../../../src/auth/session.service'
import { AppError } from '../../../src/errors'
import { CLIENT, inMemorySignIn, person } from '../../support/in-memory-sign-in'

const DAY_S = 86_400
const REFUSED = 'This refresh token is not valid, or no longer'

function setUp() {
  const signIn = inMemorySignIn()
  signIn.state.users.set('john', person())
  return { ...signIn, open: () => signIn.sessions.open('john', CLIENT, ['pwd']) }
}

it('opens a session that says whose it is, from where, and how long', async () => {
  const { sessions, open, keys, callers } = setUp()
  await keys.ensure()
  const tokens = await open()
  expect(tokens).toEqual({
    access_token: expect.stringMatching(/^eyJ/),
    token_type: 'Bearer',
    expires_in: 900,
    refresh_token: expect.stringMatching(/^rcr_/),
    refresh_expires_in: 30 * DAY_S,
    session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  expect(await sessions.listFor('john', tokens.session_id)).toEqual([
    {
      id: tokens.session_id,
      device: 'curl/8.5.0',
      address: '192.0.2.7',
      created_at: '2026-03-01T12:00:00.000Z',
      last_used_at: '2026-03-01T12:00:00.000Z',
      expires_at: '2026-03-31T12:00:00.000Z',
      current: true,
    },
  ])
  expect(await callers.find(tokens.session_id)).toMatchObject({ kind: 'user', userId: 'john', roles: ['CLIENT'] })
})

it('cuts a long User-Agent, and does without one', async () => {
  const { sessions, keys, pass } = setUp()
  await keys.ensure()
  await sessions.open('john', { address: '', userAgent: 'x'.repeat(1_000) }, ['pwd'])
  pass(1)
  await sessions.open('john', { address: '', userAgent: undefined }, ['pwd'])
  expect((await sessions.listFor('john')).map(({ device }) => device)).toEqual([null, 'x'.repeat(256)])
})

describe('refreshing', () => {
  it('gives the next tokens of the same session, which lasts longer now', async () => {
    const { sessions, open, keys, pass } = setUp()
    await keys.ensure()
    const first = await open()
    pass(DAY_S)
    const second = await sessions.refresh(first.refresh_token)
    expect(second).toMatchObject({ session_id: first.session_id, refresh_expires_in: 30 * DAY_S })
    expect(parseRefreshToken(second.refresh_token)?.generation).toBe(1)
    expect(second.access_token).not.toBe(first.access_token)
  })

  it('no session lasts longer than it may, however often it is refreshed', async () => {
    const { sessions, open, keys, pass } = setUp()
    await keys.ensure()
    let tokens = await open()
    for (let days = 0; days < 80; days += 20) {
      pass(20 * DAY_S)
      tokens = await sessions.refresh(tokens.refresh_token)
    }
    expect(tokens.refresh_expires_in).toBe(10 * DAY_S)
    pass(10 * DAY_S)
    await expect(sessions.refresh(tokens.refresh_token)).rejects.toThrow(REFUSED)
  })

  it('of many at once gives all of them the same successor', async () => {
    const { sessions, open, keys } = setUp()
    await keys.ensure()
    const { refresh_token } = await open()
    const all = await Promise.all(Array.from({ length: 20 }, () => sessions.refresh(refresh_token)))
    expect(new Set(all.map((tokens) => tokens.refresh_token)).size).toBe(1)
  })

  it('with an earlier token, later than within the grace, ends the session', async () => {
    const { sessions, open, keys, pass } = setUp()
    await keys.ensure()
    const { refresh_token: stolen } = await open()
    const { refresh_token: newest } = await sessions.refresh(stolen)
    pass(11)
    await expect(sessions.refresh(stolen)).rejects.toThrow(REFUSED)
    await expect(sessions.refresh(newest)).rejects.toThrow(REFUSED)
    expect(await sessions.listFor('john')).toEqual([])
  })

  it('with a made-up token ends nothing', async () => {
    const { sessions, open, keys } = setUp()
    await keys.ensure()
    const { refresh_token, session_id } = await open()
    const forged = `rcr_${session_id}_0_${'0'.repeat(64)}_${'0'.repeat(32)}`
    for (const text of [forged, 'nonsense', forged.replace(session_id, 'f'.repeat(32))]) {
      await expect(sessions.refresh(text)).rejects.toThrow(REFUSED)
    }
    await expect(sessions.refresh(refresh_token)).resolves.toMatchObject({ session_id })
  })

  it('gives up when others are faster all the time', async () => {
    const { sessions, open, keys, sessionDao } = setUp()
    await keys.ensure()
    const { refresh_token } = await open()
    jest.spyOn(sessionDao, 'rotate').mockResolvedValue(false)
    await expect(sessions.refresh(refresh_token)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it.each([
    ['disabled', person({ is_active: false })],
    ['with its sessions ended', person({ sessions_not_before: new Date('2026-03-01T12:00:00.001Z') })],
    ['deleted', undefined],
  ])('is over for a user who is %s', async (_, user) => {
    const { sessions, open, keys, state } = setUp()
    await keys.ensure()
    const { refresh_token } = await open()
    if (user) state.users.set('john', user)
    else state.users.delete('john')
    await expect(sessions.refresh(refresh_token)).rejects.toThrow(REFUSED)
    expect(await sessions.listFor('john')).toEqual([])
  })
})

describe('ending', () => {
  async function threeSessions() {
    const signIn = setUp()
    await signIn.keys.ensure()
    const tokens: SessionTokens[] = []
    for (let n = 0; n < 3; n++) tokens.push(await signIn.open())
    const ids = tokens.map(({ session_id }) => session_id) as [string, string, string]
    const lasting = async () => (await signIn.sessions.listFor('john')).map(({ id }) => id).toSorted()
    return { ...signIn, ids, lasting }
  }

  it('one is done once, by its owner', async () => {
    const { sessions, ids, lasting, callers } = await threeSessions()
    await callers.find(ids[0])
    expect(await sessions.end(ids[0], 'jane')).toBe(false)
    expect(await sessions.end(ids[0], 'john')).toBe(true)
    expect(await sessions.end(ids[0])).toBe(false)
    expect(await callers.find(ids[0])).toBeUndefined()
    expect(await lasting()).toEqual([ids[1], ids[2]].toSorted())
  })

  it('all but one says how many there were', async () => {
    const { sessions, ids, lasting } = await threeSessions()
    expect(await sessions.endAll('john', ids[0])).toBe(2)
    expect(await lasting()).toEqual([ids[0]])
    expect(await sessions.endAll('john')).toBe(1)
    expect(await sessions.endAll('nobody')).toBe(0)
  })

  it('those that began before the password changed are over, but the one in which it was changed', async () => {
    const { sessions, ids, lasting, pass, state, clock, callers } = await threeSessions()
    pass(5)
    state.users.set('john', person({ sessions_not_before: clock() }))
    expect(await lasting()).toEqual([])
    expect(await sessions.renew(ids[1], clock())).toBe(true)
    expect(await lasting()).toEqual([ids[1]])
    expect(await callers.find(ids[0])).toBeUndefined()
    expect(await callers.find(ids[1])).toMatchObject({ sessionId: ids[1] })
    await sessions.end(ids[1])
    expect(await sessions.renew(ids[1], clock())).toBe(false)
  })
})

it('a new proof of identity is kept, unless the session has ended', async () => {
  const { sessions, open, keys, callers, pass, clock } = setUp()
  await keys.ensure()
  const { session_id } = await open()
  pass(60)
  expect(await sessions.authenticate(session_id, ['pwd', 'otp'])).toEqual(clock())
  expect((await callers.find(session_id))?.authenticatedAt).toBe(clock().getTime())
  await sessions.end(session_id)
  await expect(sessions.authenticate(session_id, ['pwd'])).rejects.toThrow(AppError)
})

it('an export shows all sessions and none of their secrets; a removal leaves none', async () => {
  const { sessions, open, keys, pass } = setUp()
  await keys.ensure()
  const { session_id } = await open()
  pass(5)
  await open()
  await sessions.end(session_id)
  const records = await sessions.exportFor('john')
  expect(records.map(({ ended_at }) => ended_at)).toEqual([null, '2026-03-01T12:00:05.000Z'])
  expect(Object.keys(records[0]!).toSorted()).toEqual([
    'address',
    'amr',
    'authenticated_at',
    'created_at',
    'device',
    'ended_at',
    'expires_at',
    'id',
    'last_used_at',
  ])
  await sessions.removeFor('john')
  expect(await sessions.exportFor('john')).toEqual([])
})
