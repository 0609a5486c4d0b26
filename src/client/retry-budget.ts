import { type Clock, systemClock } from './clock'

export interface RetryBudgetOptions {
  /** How many retries may come in a burst. */
  readonly capacity?: number
  /** How much of a retry each successful call earns. */
  readonly perSuccess?: number
  /** Retries that time alone earns, so that a client with little traffic is not left without any. */
  readonly perSecond?: number
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * A token bucket for retries, shared by all calls of a client: retries stay a fraction of the traffic, so that a fleet
 * of clients does not multiply the load of a server that is already failing.
 */
export class RetryBudget {
  readonly #capacity: number
  readonly #perSuccess: number
  readonly #perMs: number
  readonly #now: () => number
  #tokens: number
  #filledAt: number

  constructor({ capacity = 50, perSuccess = 0.25, perSecond = 5, clock = systemClock }: RetryBudgetOptions = {}) {
    this.#capacity = capacity
    this.#perSuccess = perSuccess
    this.#perMs = perSecond / 1_000
    this.#now = clock.now
    this.#tokens = capacity
    this.#filledAt = clock.now()
  }

  /** Takes one retry out of the bucket; false where there is none. */
  take(): boolean {
    const now = this.#now()
    this.#add((now - this.#filledAt) * this.#perMs)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** A call has succeeded. */
  earn(): void {
    this.#add(this.#perSuccess)
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens)
  }
}
