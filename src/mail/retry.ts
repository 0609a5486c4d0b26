/** The waits between attempts, in milliseconds: a server that restarts is back, one that is gone is given up. */
const WAITS_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const
/** Part of a wait that is left to chance, so that mails that failed together do not come back together. */
const SPREAD = 0.25

/**
 * @param failed attempts that have failed so far: 1 after the first.
 * @param random from 0 to 1.
 * @returns how long to wait before the next attempt, in milliseconds; undefined: there is none.
 */
export function nextAttemptMs(failed: number, random: number): number | undefined {
  const wait = WAITS_MS[failed - 1]
  return wait === undefined ? undefined : Math.round(wait * (1 - SPREAD + 2 * SPREAD * random))
}

export const ATTEMPTS_MAX = WAITS_MS.length + 1
