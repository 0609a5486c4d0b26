/** A limit as its headers tell it (draft-ietf-httpapi-ratelimit-headers-10). */
export interface LimitState {
  readonly name: string
  /** What the window allows. */
  readonly quota: number
  readonly windowS: number
  readonly remaining: number
  /** Until all is there again, or, where nothing remains, until something is: in seconds. */
  readonly resetS: number
}

export function rateHeaders({ name, quota, windowS, remaining, resetS }: LimitState): Readonly<Record<string, string>> {
  return {
    RateLimit: `"${name}";r=${remaining};t=${resetS}`,
    'RateLimit-Policy': `"${name}";q=${quota};w=${windowS}`,
  }
}

/** The same, for an answer that refuses. */
export function refusalHeaders(state: Omit<LimitState, 'remaining'>): Readonly<Record<string, string>> {
  return { 'Retry-After': String(state.resetS), ...rateHeaders({ ...state, remaining: 0 }) }
}
