import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../errors'
import { unauthenticated } from '../http/access'
import { ANONYMOUS, type Caller, OPERATOR } from '../http/caller'
import type { Gatekeeper } from '../http/gatekeeper'
import type { AccessClaims, AccessTokens } from './access-tokens'
import type { CallerDirectory } from './caller-directory'

/** RFC 9110, section 11.6.2: the scheme has no case. Keys from the environment may hold any printable character. */
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i
const SCHEME = 'Bearer '
/** What every API key begins with. */
const API_KEY_PREFIX = 'rck_'

/** Programs' own keys. */
export interface ApiKeys {
  /** undefined: there is no such key, or it is good no more. */
  identify(key: string): Caller | undefined | Promise<Caller | undefined>
}

export interface GatekeeperDeps {
  readonly tokens: AccessTokens
  readonly callers: CallerDirectory
  readonly apiKeys: ApiKeys
  readonly clock: () => Date
  /** 'open': whoever brings nothing is the operator. */
  readonly mode: 'open' | 'required'
  /** The operator's key from the environment. */
  readonly bootstrapApiKey: string | undefined
  /** How long a proof of identity serves for dangerous calls, in seconds. */
  readonly stepUpMaxAgeS: number
}

/** Knows callers by the bearer token of RFC 6750 in their Authorization header: an access token, or a key. */
export class BearerGatekeeper implements Gatekeeper {
  private readonly bootstrapDigest: Buffer | undefined

  constructor(private readonly deps: GatekeeperDeps) {
    this.bootstrapDigest = deps.bootstrapApiKey === undefined ? undefined : digest(deps.bootstrapApiKey)
  }

  identify({ authorization }: IncomingHttpHeaders): Caller | Promise<Caller> {
    if (authorization === undefined) return this.deps.mode === 'open' ? OPERATOR : ANONYMOUS
    const token = tokenIn(authorization)
    const claims = this.deps.tokens.known(token)
    const caller = claims && this.deps.callers.known(claims.sessionId)
    return caller && isOf(caller, claims) ? this.inMode(caller) : this.examine(token)
  }

  async requireFresh(caller: Caller): Promise<void> {
    if (caller.kind !== 'user' || this.isRecent(caller)) return
    // It may have been proved a moment ago, in another process.
    const now = caller.sessionId === undefined ? undefined : await this.deps.callers.readAgain(caller.sessionId)
    if (!now) throw unauthenticated()
    if (!this.isRecent(now)) throw stepUpRequired(this.deps.stepUpMaxAgeS)
  }

  private isRecent({ authenticatedAt = 0 }: Caller): boolean {
    return this.deps.clock().getTime() - authenticatedAt <= this.deps.stepUpMaxAgeS * 1_000
  }

  private examine(token: string): Caller | Promise<Caller> {
    if (this.isBootstrapKey(token)) return OPERATOR
    if (!token.startsWith(API_KEY_PREFIX)) return this.verified(token)
    const known = this.deps.apiKeys.identify(token)
    return known instanceof Promise ? known.then((caller) => this.ofKey(caller)) : this.ofKey(known)
  }

  private async verified(token: string): Promise<Caller> {
    const claims = await this.deps.tokens.verify(token)
    const caller = claims && (await this.deps.callers.find(claims.sessionId))
    if (!caller || !isOf(caller, claims)) throw unauthenticated()
    return this.inMode(caller)
  }

  private ofKey(caller: Caller | undefined): Caller {
    if (!caller) throw unauthenticated()
    return this.deps.mode === 'open' ? OPERATOR : caller
  }

  /** In open mode everybody may do everything; a session then only says whose it is. */
  private inMode(caller: Caller): Caller {
    return this.deps.mode === 'open' ? { ...caller, kind: 'operator', permissions: 'all' } : caller
  }

  private isBootstrapKey(token: string): boolean {
    return this.bootstrapDigest !== undefined && timingSafeEqual(digest(token), this.bootstrapDigest)
  }
}

/** @throws UNAUTHENTICATED for any other scheme, and for what is not well-formed. */
function tokenIn(authorization: string): string {
  // Almost always it is written like this.
  if (authorization.startsWith(SCHEME) && !authorization.includes(' ', SCHEME.length)) {
    return authorization.slice(SCHEME.length)
  }
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) throw unauthenticated()
  return token
}

function isOf(caller: Caller, claims: AccessClaims | undefined): boolean {
  return caller.userId === claims?.userId
}

/** Digests of one length let texts of any length be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** RFC 9470, section 3. */
function stepUpRequired(maxAgeS: number): AppError {
  const challenge = `Bearer error="insufficient_user_authentication", max_age=${maxAgeS}`
  return new AppError('STEP_UP_REQUIRED', { headers: { 'WWW-Authenticate': challenge } })
}
