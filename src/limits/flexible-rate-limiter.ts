import { createHash } from 'node:crypto'
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../errors'
import { storeCall } from '../mongo/store-call'
import { networkOf } from './address'
import { rateHeaders, refusalHeaders } from './rate-headers'
import { type LimitName, QUOTAS, type RateLimiter } from './rate-limiter'

const SECOND_MS = 1_000

/** Counts in fixed windows with rate-limiter-flexible, whichever store its limiters have. */
export class FlexibleRateLimiter implements RateLimiter {
  /**
   * @param limiters one for each name.
   * @param deadlineMs how long any one call may take, in milliseconds.
   */
  constructor(
    private readonly limiters: Readonly<Record<LimitName, RateLimiterAbstract>>,
    private readonly deadlineMs: number,
  ) {}

  async limit(name: LimitName, key: string): Promise<Readonly<Record<string, string>>> {
    const subject = name === 'recipient' ? key : networkOf(key)
    const counted = await storeCall(this.consume(name, digest(subject)), this.deadlineMs)
    const resetS = Math.max(1, Math.ceil(counted.state.msBeforeNext / SECOND_MS))
    const state = { name, ...QUOTAS[name], resetS }
    if (!counted.allowed) throw new AppError('RATE_LIMITED', { headers: refusalHeaders(state) })
    return rateHeaders({ ...state, remaining: counted.state.remainingPoints })
  }

  /** The library tells a refusal by rejecting with the state. */
  private async consume(name: LimitName, key: string): Promise<{ allowed: boolean; state: RateLimiterRes }> {
    try {
      return { allowed: true, state: await this.limiters[name].consume(key) }
    } catch (error) {
      if (error instanceof RateLimiterRes) return { allowed: false, state: error }
      throw error
    }
  }
}

function digest(subject: string): string {
  return createHash('sha256').update(subject).digest('base64url')
}
