/** How the waits between attempts grow. */
export interface Backoff {
  /** The ceiling of the first wait, in milliseconds. */
  readonly baseMs: number
  /** How many times higher each ceiling is than the one before. */
  readonly factor: number
  /** No ceiling is higher, in milliseconds. */
  readonly capMs: number
}

export const DEFAULT_BACKOFF: Backoff = { baseMs: 100, factor: 2, capMs: 5_000 }

/**
 * How long to wait after a failed attempt, in milliseconds: anything up to the ceiling (full jitter), so that clients
 * that failed together do not come back together. What the server asked for is the least, and the jitter comes on top.
 * @param attempt - the number of the attempt that failed, from 1
 * @param retryAfterMs - the server's Retry-After, in milliseconds
 * @param random - a number in [0, 1)
 */
export function nextDelayMs(
  attempt: number,
  retryAfterMs: number | undefined,
  random: number,
  { baseMs, factor, capMs }: Backoff = DEFAULT_BACKOFF,
): number {
  const ceiling = Math.min(capMs, baseMs * factor ** (attempt - 1))
  return retryAfterMs === undefined ? random * ceiling : retryAfterMs + random * Math.min(ceiling, baseMs)
}

/**
 * Retry-After in milliseconds: seconds or an HTTP date (RFC 9110, section 10.2.3). A date that has passed is 0.
 * @returns undefined for a value that is neither
 */
export function readRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // Date.parse also reads things like "-5" or "2.5": an HTTP date names its day and month.
  if (!/^[A-Z][a-z]+,? .*\d/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
