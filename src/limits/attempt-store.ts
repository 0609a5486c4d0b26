/** How often something may fail. Times are in milliseconds. */
export interface AttemptRules {
  /** Failures within the window, with those attempts that are under way. */
  readonly max: number
  readonly windowMs: number
  /** A success takes earlier failures back. */
  readonly forgiving: boolean
  /** What follows on `max` failures. Absent: nothing more until the window is over. */
  readonly lock?: LockRules
}

export interface LockRules {
  /** The first lock; each further one is twice as long. */
  readonly firstMs: number
  readonly maxMs: number
  /** After so long without a lock the next one is a first one again. */
  readonly quietMs: number
}

export type Outcome = 'succeeded' | 'failed' | 'abandoned'

/** 0: the attempt may go on. Else how long to wait before the next one, in milliseconds. */
export type WaitMs = number

/**
 * Failures and locks, shared by all processes. Each method is one atomic step.
 * Every method rejects when the store does not answer.
 */
export interface AttemptStore {
  /** Takes a place among the attempts that may be under way or have failed. */
  reserve(key: string, rules: AttemptRules, now: Date): Promise<WaitMs>

  /** Gives the place back, as a failure or for nothing. @returns whether that has begun a lock. */
  settle(key: string, rules: AttemptRules, outcome: Outcome, now: Date): Promise<boolean>

  /** Forgets failures and locks. */
  clear(key: string): Promise<void>
}

/** How long to wait where the places are taken by attempts that are still under way. */
export const UNDER_WAY_MS = 1_000
