import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** A token that was refreshed may be refreshed again for so long, and gives the same successor. */
export const REFRESH_GRACE_MS = 10_000
/** Past generations that a session remembers: those that may still be within the grace. */
export const HISTORY_MAX = 16

const SECRET_BYTES = 32
const TAG_BYTES = 16
const FORM = /^rcr_([0-9a-f]{32})_(0|[1-9]\d{0,8})_([0-9a-f]{64})_([0-9a-f]{32})$/

/**
 * A refresh token is `rcr_<session>_<generation>_<secret>_<tag>`. The secret of each generation follows from the one
 * before and a salt: `HMAC-SHA256(secret, salt)`. The salt is stored by whoever refreshes first, so all who bring the
 * same token at once compute the same successor, while the store holds no secret. The tag, a MAC by the session, proves
 * that a token of any earlier generation was real without remembering it.
 */
export interface RefreshToken {
  readonly sessionId: string
  readonly generation: number
  /** Hex, as all of these. */
  readonly secret: string
  readonly tag: string
}

/** What the store keeps of a session's tokens. */
export interface RefreshState {
  readonly tag_key: string
  readonly generation: number
  /** SHA-256 of the newest token's secret. */
  readonly hash: string
  /** Newest last. */
  readonly history: readonly PastGeneration[]
}

export interface PastGeneration {
  readonly generation: number
  readonly hash: string
  readonly salt: string
  readonly rotated_at: Date
}

export type Judgement =
  /** Not one of the session's tokens: whoever made it up may not end the session with it. */
  | { readonly is: 'forged' }
  | { readonly is: 'current' }
  /** Refreshed a moment ago. */
  | { readonly is: 'repeated'; readonly successor: string }
  /** An earlier one of the session, known to somebody else or stolen. */
  | { readonly is: 'replayed' }

export function formatRefreshToken({ sessionId, generation, secret, tag }: RefreshToken): string {
  return `rcr_${sessionId}_${generation}_${secret}_${tag}`
}

/** undefined: it does not look like one. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, sessionId = '', generation = '', secret = '', tag = ''] = match
  return { sessionId, generation: Number(generation), secret, tag }
}

/** The first token of a session, and what is stored of it. */
export function firstRefreshToken(sessionId: string): { readonly token: string; readonly state: RefreshState } {
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  const tagKey = randomBytes(SECRET_BYTES).toString('hex')
  return {
    token: signedToken(sessionId, tagKey, 0, secret),
    state: { tag_key: tagKey, generation: 0, hash: hashOf(secret), history: [] },
  }
}

/** Pure: the same token, state and time give the same judgement. Compares in constant time. */
export function judge(token: RefreshToken, state: RefreshState, now: Date): Judgement {
  const { sessionId, generation, secret } = token
  if (!same(token.tag, tagOf(sessionId, state.tag_key, generation, secret))) return { is: 'forged' }
  if (generation === state.generation) return same(hashOf(secret), state.hash) ? { is: 'current' } : { is: 'forged' }
  if (generation > state.generation) return { is: 'forged' }
  const past = state.history.find((known) => known.generation === generation)
  if (!past || now.getTime() - past.rotated_at.getTime() > REFRESH_GRACE_MS) return { is: 'replayed' }
  if (!same(hashOf(secret), past.hash)) return { is: 'forged' }
  return { is: 'repeated', successor: successorOf(token, state.tag_key, past.salt) }
}

/** The step from the current token to its successor, for a compare-and-set on the generation. */
export function rotation(token: RefreshToken, state: RefreshState, now: Date) {
  const salt = randomBytes(SECRET_BYTES).toString('hex')
  const secret = nextSecret(token.secret, salt)
  const past: PastGeneration = { generation: token.generation, hash: state.hash, salt, rotated_at: now }
  return {
    successor: successorOf(token, state.tag_key, salt),
    state: {
      ...state,
      generation: token.generation + 1,
      hash: hashOf(secret),
      history: [...state.history, past].slice(-HISTORY_MAX),
    } satisfies RefreshState,
  }
}

function successorOf({ sessionId, generation, secret }: RefreshToken, tagKey: string, salt: string): string {
  return signedToken(sessionId, tagKey, generation + 1, nextSecret(secret, salt))
}

function signedToken(sessionId: string, tagKey: string, generation: number, secret: string): string {
  return formatRefreshToken({ sessionId, generation, secret, tag: tagOf(sessionId, tagKey, generation, secret) })
}

function nextSecret(secret: string, salt: string): string {
  return createHmac('sha256', Buffer.from(secret, 'hex')).update(Buffer.from(salt, 'hex')).digest('hex')
}

function tagOf(sessionId: string, tagKey: string, generation: number, secret: string): string {
  const mac = createHmac('sha256', Buffer.from(tagKey, 'hex')).update(`${sessionId}_${generation}_${secret}`)
  return mac.digest('hex').slice(0, 2 * TAG_BYTES)
}

function hashOf(secret: string): string {
  return createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex')
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
