import { type Clock, systemClock } from './clock'
import type { RetryBudget } from './retry-budget'
import { type Backoff, DEFAULT_BACKOFF, nextDelayMs } from './retry-timing'
import { isTransient } from './transient'

export const DEFAULT_RETRIES = 4

export interface RetryEvent {
  readonly error: unknown
  /** The attempt that failed, from 1. */
  readonly attempt: number
  readonly delayMs: number
}

export interface RetryOptions {
  /** How often to try again after the first attempt. */
  readonly retries?: number
  readonly backoff?: Partial<Backoff>
  /** From the first attempt to the last answer, in milliseconds. A wait that would go beyond it is not begun. */
  readonly totalTimeoutMs?: number
  /** Shared by many calls: without a token left, an error is final. */
  readonly budget?: RetryBudget | undefined
  readonly signal?: AbortSignal | undefined
  /** Network errors, time-outs, 5xx and 429 unless told. */
  readonly isRetryable?: (error: unknown, attempt: number) => boolean
  readonly onRetry?: (event: RetryEvent) => void
  readonly clock?: Clock
  /** A number in [0, 1). */
  readonly random?: () => number
}

export interface Attempt {
  /** From 1. */
  readonly number: number
  /** What is left of the total time-out, in milliseconds. */
  readonly remainingMs: number
}

/**
 * Does the work until it succeeds, fails for good or has no attempt, time or budget left.
 * @throws the error of the last attempt, or the reason of the signal
 */
export async function retrying<T>(work: (attempt: Attempt) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { retries = DEFAULT_RETRIES, clock = systemClock, random = Math.random, signal, budget } = options
  const end = options.totalTimeoutMs === undefined ? Infinity : clock.now() + options.totalTimeoutMs
  const backoff = options.backoff ? { ...DEFAULT_BACKOFF, ...options.backoff } : DEFAULT_BACKOFF
  const isRetryable = options.isRetryable ?? isTransient

  for (let number = 1; ; number += 1) {
    signal?.throwIfAborted()
    try {
      const result = await work({ number, remainingMs: end - clock.now() })
      budget?.earn()
      return result
    } catch (error) {
      // An abort is final whatever its reason looks like: AbortSignal.timeout() gives one that looks like a time-out.
      if (signal?.aborted || number > retries || !isRetryable(error, number)) throw error
      const delayMs = nextDelayMs(number, askedWaitMs(error), random(), backoff)
      // Waiting for nothing is no favour to anybody: who has no time left hears of it now.
      if (clock.now() + delayMs >= end || budget?.take() === false) throw error
      options.onRetry?.({ error, attempt: number, delayMs })
      await clock.sleep(delayMs, signal)
    }
  }
}

function askedWaitMs(error: unknown): number | undefined {
  const wait = (error as { retryAfterMs?: unknown } | null)?.retryAfterMs
  return typeof wait === 'number' ? wait : undefined
}
