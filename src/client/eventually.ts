import { type Clock, systemClock } from './clock'
import { NotConfirmedError } from './errors'
import { type Backoff, nextDelayMs } from './retry-timing'
import { isTransient } from './transient'

export interface ConfirmOptions {
  /** How long to go on asking, in milliseconds. */
  readonly deadlineMs?: number | undefined
  /** How many answers in a row must agree: replicas that lag do not answer in turn. */
  readonly confirmations?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

const DEADLINE_MS = 10_000
const CONFIRM_BACKOFF: Backoff = { baseMs: 50, factor: 1.6, capMs: 1_000 }

/**
 * Asks until the answer is there.
 * @param check - undefined: not yet. A network error, a time-out or a 5xx means: not known yet
 * @param what - what is waited for, for the error
 * @throws NotConfirmedError after the deadline
 */
export async function eventually<T>(
  check: () => Promise<T | undefined>,
  what: string,
  options: ConfirmOptions = {},
): Promise<T> {
  const { deadlineMs = DEADLINE_MS, confirmations = 1, signal, clock = systemClock, random = Math.random } = options
  const end = clock.now() + deadlineMs
  let agreed = 0
  let failure: unknown
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    const found = await check().catch((error: unknown) => {
      if (signal?.aborted || !isTransient(error)) throw error
      failure = error
      return undefined
    })
    agreed = found === undefined ? 0 : agreed + 1
    if (found !== undefined && agreed >= confirmations) return found
    const delayMs = found === undefined ? nextDelayMs(attempt, undefined, (1 + random()) / 2, CONFIRM_BACKOFF) : 0
    if (clock.now() + delayMs >= end) {
      throw new NotConfirmedError(`Not confirmed within ${deadlineMs} ms: ${what}`, failure)
    }
    await clock.sleep(delayMs, signal)
  }
}
