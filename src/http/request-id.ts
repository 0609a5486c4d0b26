import { randomUUID } from 'node:crypto'

const REQUEST_ID_LENGTH_MAX = 128
const ACCEPTED = /^[A-Za-z0-9._-]+$/

/** The caller's own id when it is safe to repeat in headers and logs, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  if (typeof header !== 'string' || header.length > REQUEST_ID_LENGTH_MAX) return randomUUID()
  return ACCEPTED.test(header) ? header : randomUUID()
}
