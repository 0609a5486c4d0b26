import type { Clock } from '../../../src/client/clock'

export interface TestClock extends Clock {
  /** The waits that were asked for, in milliseconds. */
  readonly waits: number[]
  readonly pass: (ms: number) => void
}

/** A clock that stands still, but for sleeping, which takes no time. */
export function testClock(): TestClock {
  let now = 1_000_000
  const waits: number[] = []
  return {
    waits,
    now: () => now,
    pass: (ms) => (now += ms),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      waits.push(ms)
      now += ms
    },
  }
}

/** Rejects with these in turn, then resolves. */
export function failing<T>(errors: readonly unknown[], result: T): { work: () => Promise<T>; calls: () => number } {
  let calls = 0
  return {
    calls: () => calls,
    work: async () => {
      calls += 1
      if (calls <= errors.length) throw errors[calls - 1]
      return result
    },
  }
}
