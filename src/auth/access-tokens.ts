import { randomUUID } from 'node:crypto'
import { jwtVerify, type JWTPayload, SignJWT } from 'jose'
import { AppError } from '../errors'
import { BoundedMap } from '../http/bounded-map'
import type { Freshness, RevocationSource } from '../http/revocation'
import { ALGORITHM, type SigningKeysService } from './signing-keys.service'

/** RFC 9068, section 2.1. */
const TYPE = 'at+jwt'
/** What must be there beside `iss` and `aud`. */
const REQUIRED = ['exp', 'iat', 'sub', 'sid', 'jti']
/** Ours have about 400. */
const TOKEN_LENGTH_MAX = 2_048
/** Tokens that need not be verified again: at least so many are kept, at most twice as many. One takes about 1 KiB. */
const VERIFIED_MAX = 5_000

export interface AccessClaims {
  readonly userId: string
  readonly sessionId: string
  /** In milliseconds since 1970. */
  readonly expiresAt: number
}

export interface AccessTokensDeps {
  readonly keys: SigningKeysService
  readonly freshness: Freshness
  readonly clock: () => Date
  readonly issuer: string
  readonly audience: string
  readonly ttlS: number
}

/** Access tokens: JWTs that name a user and a session, signed with EdDSA. What the user may do is not in them. */
export class AccessTokens implements RevocationSource {
  readonly ttlS: number
  private readonly verified = new BoundedMap<string, AccessClaims>(VERIFIED_MAX)
  /** Counts how often keys changed: what was verified under the old ones is not kept. */
  private epoch = 0

  constructor(private readonly deps: AccessTokensDeps) {
    this.ttlS = deps.ttlS
  }

  async issue(userId: string, sessionId: string): Promise<string> {
    const { keyId, key } = await this.deps.keys.signer()
    const now = Math.floor(this.deps.clock().getTime() / 1_000)
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: ALGORITHM, kid: keyId, typ: TYPE })
      .setIssuer(this.deps.issuer)
      .setAudience(this.deps.audience)
      .setSubject(userId)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + this.ttlS)
      .sign(key)
  }

  /** The claims of a token that was verified already and is still good. Verifying takes about 0.2 ms. */
  known(token: string): AccessClaims | undefined {
    const claims = this.verified.get(token)
    if (claims === undefined || !this.deps.freshness.isFresh()) return undefined
    return claims.expiresAt > this.deps.clock().getTime() ? claims : undefined
  }

  /** undefined: it is not one of ours, or it is over. @throws SERVICE_UNAVAILABLE */
  async verify(token: string): Promise<AccessClaims | undefined> {
    if (token.length > TOKEN_LENGTH_MAX) return undefined
    const epoch = this.epoch
    const claims = await this.check(token)
    if (claims && epoch === this.epoch) this.verified.set(token, claims)
    return claims
  }

  async changedSince(since: Date): Promise<readonly string[]> {
    return this.deps.keys.changedSince(since)
  }

  drop(keys: readonly string[] | 'all'): void {
    this.deps.keys.drop(keys)
    if (keys.length === 0) return
    this.epoch += 1
    this.verified.clear()
  }

  private async check(token: string): Promise<AccessClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.keyOf(kid), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: this.deps.issuer,
        audience: this.deps.audience,
        requiredClaims: REQUIRED,
        currentDate: this.deps.clock(),
      })
      return claimsOf(payload)
    } catch (error) {
      // The store's trouble is not the token's fault; anything else is.
      if (error instanceof AppError) throw error
      return undefined
    }
  }

  private async keyOf(keyId: string | undefined) {
    const key = keyId === undefined ? undefined : await this.deps.keys.verifier(keyId)
    if (!key) throw new UnknownKeyError()
    return key
  }
}

class UnknownKeyError extends Error {}

function claimsOf({ sub, sid, exp }: JWTPayload): AccessClaims | undefined {
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof exp !== 'number') return undefined
  return { userId: sub, sessionId: sid, expiresAt: exp * 1_000 }
}
