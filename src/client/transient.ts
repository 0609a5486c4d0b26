import { causes } from './causes'

/** What the system says when a connection could not be made or did not last. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
/** The connection was never there, so nothing can have arrived. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** What browsers' fetch says, in a TypeError without a code: Chrome, Firefox, Safari. */
const FETCH_FAILURES: ReadonlySet<unknown> = new Set([
  'Failed to fetch',
  'NetworkError when attempting to fetch resource.',
  'Load failed',
])
const TIMEOUT_NAME = 'TimeoutError'
const NETWORK_NAME = 'NetworkError'
const TOO_MANY_REQUESTS = 429
const SERVER_ERRORS_FROM = 500

/**
 * Whether trying again may help: network errors, time-outs, 5xx and 429. By shape, not by class, so that it also reads
 * the errors of fetch, undici, axios and got.
 */
export function isTransient(error: unknown): boolean {
  for (const { name, message, code, status, statusCode } of causes(error)) {
    const answered = status ?? statusCode
    if (typeof answered === 'number') return answered >= SERVER_ERRORS_FROM || answered === TOO_MANY_REQUESTS
    if (name === TIMEOUT_NAME || name === NETWORK_NAME) return true
    if (typeof code === 'string' && NETWORK_CODES.has(code)) return true
    if (name === 'TypeError' && FETCH_FAILURES.has(message)) return true
  }
  return false
}

/** Whether the server may have done what the failed attempt asked for. */
export function mayHaveHappened(error: unknown): boolean {
  for (const { code, status } of causes(error)) {
    if (status === TOO_MANY_REQUESTS) return false
    if (typeof code === 'string' && NEVER_CONNECTED.has(code)) return false
  }
  return true
}
