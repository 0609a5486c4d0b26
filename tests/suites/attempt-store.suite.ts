import type { AttemptRules, AttemptStore } from '../../src/limits/attempt-store'

const LOCKING: AttemptRules = {
  max: 3,
  windowMs: 60_000,
  forgiving: true,
  lock: { firstMs: 10_000, maxMs: 25_000, quietMs: 100_000 },
}
const COUNTING: AttemptRules = { max: 3, windowMs: 60_000, forgiving: false }
const NOON = Date.UTC(2040, 0, 1, 12)

const at = (ms: number) => new Date(NOON + ms)

/** What every store of attempts must do, through its interface alone. */
export function describeAttemptStore(name: string, open: () => AttemptStore): void {
  describe(name, () => {
    let store: AttemptStore
    let count = 0
    let key: string

    const reserve = (ms: number, rules = LOCKING) => store.reserve(key, rules, at(ms))
    const settle = (outcome: 'succeeded' | 'failed' | 'abandoned', ms: number, rules = LOCKING) =>
      store.settle(key, rules, outcome, at(ms))
    const fail = async (ms: number, rules = LOCKING) => {
      const waitMs = await reserve(ms, rules)
      return waitMs === 0 ? settle('failed', ms, rules) : waitMs
    }

    beforeAll(() => {
      store = open()
    })

    beforeEach(() => {
      key = `account:${(count += 1)}`
    })

    it('the failure that reaches the bound begins a lock, and says so once', async () => {
      expect([await fail(0), await fail(1), await fail(2)]).toEqual([false, false, true])
      expect(await reserve(3)).toBe(9_999)
      expect(await reserve(10_001)).toBe(1)
      expect(await reserve(10_002)).toBe(0)
    })

    it('each further lock is twice as long, up to the longest, and a quiet time forgets them', async () => {
      const lockFrom = async (ms: number) => {
        await fail(ms)
        await fail(ms)
        await fail(ms)
        return reserve(ms)
      }
      expect(await lockFrom(0)).toBe(10_000)
      expect(await lockFrom(10_000)).toBe(20_000)
      expect(await lockFrom(30_000)).toBe(25_000)
      // The last lock ends at 55,000.
      expect(await lockFrom(154_999)).toBe(25_000)
      expect(await lockFrom(179_999 + 100_000)).toBe(10_000)
    })

    it('attempts under way take places, so that no more can fail than may', async () => {
      const waits = await Promise.all(Array.from({ length: 50 }, () => reserve(0)))
      expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(3)
      expect(waits.filter((waitMs) => waitMs === 1_000)).toHaveLength(47)
      const began = await Promise.all([settle('failed', 5), settle('failed', 5), settle('failed', 5)])
      expect(began.filter(Boolean)).toHaveLength(1)
      expect(await reserve(5)).toBe(10_000)
    })

    it('a success gives its place back and takes the failures back', async () => {
      await fail(0)
      await fail(0)
      expect(await reserve(0)).toBe(0)
      expect(await reserve(0)).toBe(1_000)
      expect(await settle('succeeded', 0)).toBe(false)
      expect(await Promise.all([fail(1), fail(1)])).toEqual([false, false])
      expect(await fail(1)).toBe(true)
    })

    it('a success does not end a lock, nor shortens the next', async () => {
      await reserve(0)
      await store.clear(key)
      await Promise.all([reserve(0), reserve(0), reserve(0)])
      await settle('failed', 0)
      await settle('failed', 0)
      expect(await settle('failed', 0)).toBe(true)
      await settle('succeeded', 1)
      expect(await reserve(1)).toBe(9_999)
      await fail(10_000)
      await fail(10_000)
      await fail(10_000)
      expect(await reserve(10_000)).toBe(20_000)
    })

    it('an attempt that was abandoned leaves nothing behind', async () => {
      await fail(0)
      await fail(0)
      expect(await reserve(0)).toBe(0)
      expect(await settle('abandoned', 0)).toBe(false)
      expect(await reserve(0)).toBe(0)
      expect(await settle('failed', 0)).toBe(true)
    })

    it('the window begins with its first attempt, and all failures end with it', async () => {
      await fail(0)
      await fail(59_999)
      expect(await fail(60_000)).toBe(false)
      expect(await fail(60_001)).toBe(false)
      expect(await fail(60_002)).toBe(true)
    })

    it('without a lock the bound holds until the window ends, and a success only gives its own place back', async () => {
      await fail(0, COUNTING)
      await fail(1, COUNTING)
      await reserve(2, COUNTING)
      expect(await settle('succeeded', 2, COUNTING)).toBe(false)
      expect(await fail(3, COUNTING)).toBe(false)
      expect(await reserve(4, COUNTING)).toBe(59_996)
      expect(await reserve(60_000, COUNTING)).toBe(0)
    })

    it('a failure counts also where the place was taken elsewhere', async () => {
      await settle('failed', 0)
      await settle('failed', 0)
      expect(await settle('failed', 0)).toBe(true)
    })

    it('success and abandonment of an attempt that is not known change nothing', async () => {
      expect(await settle('succeeded', 0)).toBe(false)
      expect(await settle('abandoned', 0)).toBe(false)
      await Promise.all([reserve(0), reserve(0), reserve(0)])
      expect(await reserve(0)).toBe(1_000)
    })

    it('clearing forgets failures and locks', async () => {
      await Promise.all([fail(0), fail(0), fail(0)])
      expect(await reserve(0)).toBe(10_000)
      await store.clear(key)
      await Promise.all([fail(0), fail(0), fail(0)])
      expect(await reserve(0)).toBe(10_000)
    })
  })
}
