import type { AttemptStore } from '../../../src/limits/attempt-store'
import { StoredLoginGuard } from '../../../src/limits/stored-login-guard'

const RULES = { attemptsMax: 3, addressAttemptsMax: 5, windowS: 60, lockS: 30, lockMaxS: 10 }
const NOW = new Date('2026-03-01T12:00:00.000Z')

/** Answers as it is told, and keeps what it was asked. */
function setUp(waits: Readonly<Record<string, number>> = {}) {
  const calls: string[] = []
  const told: string[] = []
  const fail = { reserve: false, settle: false }
  const kind = (key: string) => key.slice(0, key.indexOf(':'))
  const store: AttemptStore = {
    reserve: async (key) => {
      calls.push(`reserve ${kind(key)}`)
      if (fail.reserve && kind(key) === 'account') throw new Error('the store is gone')
      return waits[kind(key)] ?? 0
    },
    settle: async (key, _rules, outcome) => {
      calls.push(`${outcome} ${kind(key)}`)
      if (fail.settle) throw new Error('the store is gone')
      return outcome === 'failed' && kind(key) === 'account'
    },
    clear: async (key) => void calls.push(`clear ${key}`),
  }
  const onLocked = (account: string) => void told.push(account)
  return { calls, told, fail, guard: new StoredLoginGuard({ store, rules: RULES, clock: () => NOW, onLocked }), store }
}

test('places are taken before the attempt, the address first, and settled by its outcome', async () => {
  const { guard, calls, told } = setUp()
  await (await guard.begin('john@example.com', '192.0.2.7')).succeeded()
  expect(calls.splice(0)).toEqual(['reserve address', 'reserve account', 'succeeded account', 'succeeded address'])
  await (await guard.begin('john@example.com', '192.0.2.7')).abandoned()
  expect(calls.splice(0).slice(2)).toEqual(['abandoned account', 'abandoned address'])
  expect(told).toEqual([])
  await (await guard.begin('john@example.com', '192.0.2.7')).failed()
  expect(calls.splice(0).slice(2)).toEqual(['failed account', 'failed address'])
  expect(told).toEqual(['john@example.com'])
})

test('an address that is refused takes no place of the account', async () => {
  const { guard, calls } = setUp({ address: 1_500 })
  await expect(guard.begin('john@example.com', '192.0.2.7')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    headers: {
      'Retry-After': '2',
      RateLimit: '"login-address";r=0;t=2',
      'RateLimit-Policy': '"login-address";q=5;w=60',
    },
  })
  expect(calls).toEqual(['reserve address'])
})

test('a locked account is refused, and that does not count against the address', async () => {
  const { guard, calls } = setUp({ account: 29_001 })
  await expect(guard.begin('john@example.com', '192.0.2.7')).rejects.toMatchObject({
    code: 'ACCOUNT_LOCKED',
    headers: {
      'Retry-After': '30',
      RateLimit: '"login-account";r=0;t=30',
      'RateLimit-Policy': '"login-account";q=3;w=60',
    },
  })
  expect(calls).toEqual(['reserve address', 'reserve account', 'abandoned address'])
})

test('without an answer of the store nobody comes in, and the address is not to blame', async () => {
  const { guard, calls, fail } = setUp()
  fail.reserve = true
  await expect(guard.begin('john@example.com', '192.0.2.7')).rejects.toThrow('the store is gone')
  expect(calls).toEqual(['reserve address', 'reserve account', 'abandoned address'])
})

test('a store that fails once the outcome is known changes no answer', async () => {
  const { guard, fail, told } = setUp()
  const attempt = await guard.begin('john@example.com', '192.0.2.7')
  fail.settle = true
  await expect(attempt.succeeded()).resolves.toBeUndefined()
  await expect(attempt.failed()).resolves.toBeUndefined()
  expect(told).toEqual([])
})

test('keys name nobody; unlocking clears the account that attempts count for', async () => {
  const { guard, calls, store } = setUp()
  const reserve = jest.spyOn(store, 'reserve')
  await guard.begin('john@example.com', '2001:db8::1')
  await guard.unlock('john@example.com')
  const [address, account] = reserve.mock.calls.map(([key]) => key)
  expect([address, account].join()).not.toMatch(/john|example|2001/)
  expect(calls.at(-1)).toBe(`clear ${account}`)
  // The longest lock is never shorter than the first one.
  expect(reserve.mock.calls[1]?.[1].lock).toEqual({ firstMs: 30_000, maxMs: 30_000, quietMs: 86_400_000 })
})

test('nobody needs to be told of a lock', async () => {
  const { store } = setUp()
  const guard = new StoredLoginGuard({ store, rules: RULES, clock: () => NOW })
  await expect((await guard.begin('john@example.com', '192.0.2.7')).failed()).resolves.toBeUndefined()
})
