import { createHash, randomBytes } from 'node:crypto'

/** What a token is good for. */
export type TokenPurpose = 'verify_email' | 'reset_password' | 'invitation'
/** Changing the e-mail takes one at either address; these two belong to the change itself. */
export type TokenKind = TokenPurpose | 'leave_email' | 'join_email'

const HOUR_MS = 3_600_000
/** How long a token is good, in milliseconds. */
export const TOKEN_TTL_MS: Readonly<Record<TokenKind, number>> = Object.freeze({
  verify_email: 24 * HOUR_MS,
  reset_password: HOUR_MS,
  invitation: 7 * 24 * HOUR_MS,
  leave_email: 24 * HOUR_MS,
  join_email: 24 * HOUR_MS,
})

/** Tells people and scanners what leaked, and us where to look. */
const PREFIXES: Readonly<Record<TokenKind, string>> = Object.freeze({
  verify_email: 'rcv_',
  reset_password: 'rcp_',
  invitation: 'rci_',
  leave_email: 'rcl_',
  join_email: 'rcj_',
})
const SECRET_BYTES = 32
/** The prefix, and 32 bytes in base64url. */
export const TOKEN_LENGTH_MAX = 64

/** 256 random bits: no guess finds one, and a plain hash of it needs neither salt nor slowness. */
export function newToken(kind: TokenKind): string {
  return PREFIXES[kind] + randomBytes(SECRET_BYTES).toString('base64url')
}

export function isOfKind(token: string, kind: TokenKind): boolean {
  return token.startsWith(PREFIXES[kind])
}

/** What is kept of a token. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
