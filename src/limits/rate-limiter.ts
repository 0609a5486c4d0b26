/**
 * What is limited, beside logins:
 * credentials: calls that check or hand out credentials, by address. mail: calls that send mail, by address.
 * recipient: mails to one person.
 */
export type LimitName = 'credentials' | 'mail' | 'recipient'

/** Limits of a route, counted by the caller's address before the request is read. */
export type RouteLimit = Exclude<LimitName, 'recipient'>

export interface Quota {
  readonly quota: number
  readonly windowS: number
}

export const QUOTAS: Readonly<Record<LimitName, Quota>> = Object.freeze({
  credentials: { quota: 6_000, windowS: 60 },
  mail: { quota: 30, windowS: 60 },
  recipient: { quota: 5, windowS: 3_600 },
})

/** Bounds how often something is done, over all processes. */
export interface RateLimiter {
  /**
   * Counts one more.
   * @param key an address, as the request names it, or a lower-cased e-mail.
   * @returns the headers that tell the caller how it stands.
   * @throws RATE_LIMITED, with Retry-After and the same headers; SERVICE_UNAVAILABLE
   */
  limit(name: LimitName, key: string): Promise<Readonly<Record<string, string>>>
}

/** For a service without a store of its own, and for tests of what lies behind. */
export const unlimited: RateLimiter = { limit: () => Promise.resolve({}) }
