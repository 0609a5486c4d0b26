import { firstRefreshToken } from '../../src/auth/refresh-token'
import type { SessionDao, StoredSession } from '../../src/auth/session.dao'

export interface SessionDaoBinding {
  /** Without sessions. */
  readonly dao: SessionDao
  readonly close: () => Promise<void>
}

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute))
const idOf = (n: number) => n.toString(16).padStart(32, '0')
const ids = (sessions: readonly { readonly id: string }[]) => sessions.map(({ id }) => id)

function newSession(n: number, change: Partial<StoredSession> = {}): StoredSession {
  return {
    id: idOf(n),
    user_id: 'john',
    created_at: at(n),
    renewed_at: at(n),
    authenticated_at: at(n),
    last_used_at: at(n),
    expires_at: at(60),
    user_agent: 'curl/8.5.0',
    address: '192.0.2.7',
    amr: ['pwd'],
    refresh: firstRefreshToken(idOf(n)).state,
    ...change,
  }
}

const SESSIONS = [
  newSession(1),
  newSession(2, { expires_at: at(20), user_agent: null, amr: ['pwd', 'otp'] }),
  newSession(3),
  newSession(4, { user_id: 'jane' }),
] as const
const johns = (minute: number, notBefore: Date | null = null) => ({ userId: 'john', notBefore, now: at(minute) })

export function describeSessionDao(binding: string, bind: () => Promise<SessionDaoBinding>): void {
  describe(`sessions in ${binding}`, () => {
    let dao: SessionDao
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ dao, close } = await bind())
      for (const session of SESSIONS) await dao.insert(session)
    })
    afterEach(async () => close())

    test('one is found as it was inserted', async () => {
      expect(await dao.find(idOf(1))).toEqual(SESSIONS[0])
      expect(await dao.find(idOf(2))).toEqual(SESSIONS[1])
      expect(await dao.find(idOf(9))).toBeUndefined()
    })

    test('of many who rotate one generation, one does', async () => {
      const state = SESSIONS[0].refresh
      const past = { generation: 0, hash: state.hash, salt: 'ab', rotated_at: at(5) }
      const next = (n: number) => ({ ...state, generation: 1, hash: String(n), history: [past] })
      const won = await Promise.all(Array.from({ length: 8 }, (_, n) => dao.rotate(idOf(1), 0, next(n), at(5), at(70))))

      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await dao.find(idOf(1))).toEqual({
        ...SESSIONS[0],
        last_used_at: at(5),
        expires_at: at(70),
        refresh: next(won.indexOf(true)),
      })
    })

    test('it ends once, and then nothing happens to it any more', async () => {
      expect(await dao.end(idOf(1), at(6), 'jane')).toBe(false)
      expect(await dao.end(idOf(1), at(6), 'john')).toBe(true)
      expect(await dao.end(idOf(1), at(7))).toBe(false)
      expect(await dao.find(idOf(1))).toBeUndefined()
      expect(await dao.rotate(idOf(1), 0, SESSIONS[0].refresh, at(7), at(70))).toBe(false)
      expect(await dao.renew(idOf(1), at(7))).toBe(false)
      expect(await dao.authenticate(idOf(1), at(7), ['pwd'])).toBe(false)
      expect((await dao.listAll('john')).find(({ id }) => id === idOf(1))?.ended_at).toEqual(at(6))
    })

    test('renewed and authenticated are kept', async () => {
      expect(await dao.renew(idOf(1), at(6))).toBe(true)
      expect(await dao.authenticate(idOf(1), at(7), ['pwd', 'otp'])).toBe(true)
      const changes = { renewed_at: at(6), authenticated_at: at(7), amr: ['pwd', 'otp'] }
      expect(await dao.find(idOf(1))).toEqual({ ...SESSIONS[0], ...changes })
    })

    test('live are those of the user that have neither ended, nor expired, nor begun too early', async () => {
      const list = async (minute: number, notBefore: Date | null, limit = 10) =>
        ids(await dao.listLive(johns(minute, notBefore), limit))

      expect(await list(10, null)).toEqual([idOf(3), idOf(2), idOf(1)])
      expect(await list(10, null, 2)).toEqual([idOf(3), idOf(2)])
      expect(await list(20, null)).toEqual([idOf(3), idOf(1)])
      expect(await list(10, at(2))).toEqual([idOf(3), idOf(2)])
      await dao.end(idOf(3), at(10))
      expect(await list(10, at(2))).toEqual([idOf(2)])
      expect(await list(60, null)).toEqual([])
    })

    test('a list holds no refresh token', async () => {
      const { refresh: _, ...session } = SESSIONS[2]
      expect((await dao.listLive(johns(10), 10))[0]).toEqual(session)
      expect((await dao.listAll('john'))[0]).toEqual({ ...session, ended_at: null })
    })

    test('all end but one, and those that were over are not counted', async () => {
      expect(await dao.endAll(johns(20), idOf(3))).toBe(1)
      expect(await dao.find(idOf(1))).toBeUndefined()
      expect(await dao.find(idOf(3))).toBeDefined()
      expect(await dao.find(idOf(4))).toBeDefined()
      expect(await dao.endAll(johns(20), undefined)).toBe(1)
      expect(await dao.find(idOf(3))).toBeUndefined()
    })

    test('those that ended lately are told', async () => {
      await dao.end(idOf(1), at(5))
      await dao.end(idOf(2), at(6))
      expect((await dao.endedSince(at(5), 10)).toSorted()).toEqual([idOf(1), idOf(2)])
      expect(await dao.endedSince(at(5), 1)).toHaveLength(1)
      expect(await dao.endedSince(at(6), 10)).toEqual([idOf(2)])
      expect(await dao.endedSince(at(7), 10)).toEqual([])
    })

    test('all of a user go, and of nobody else', async () => {
      await dao.end(idOf(1), at(5))
      await dao.removeAll('john')
      expect(await dao.listAll('john')).toEqual([])
      expect(ids(await dao.listAll('jane'))).toEqual([idOf(4)])
    })
  })
}
