import type { ApiKey, LoggedIn, Login, MadeApiKey, Me, NewApiKey, Registration, Session, Tokens } from './auth-types'
import type { SessionTokens, TokenKeeper } from './credentials'
import { isApiError } from './errors'
import { repeatOf } from './operations'
import type { CallOptions, Requester } from './requester'
import type { User } from './types.gen'
import { fillPath } from './url'

const BASE = '/api/v1/auth'

interface Request {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly anonymous?: boolean
}

/** `/auth`. A login gives the client a session, which it keeps fresh by itself from then on. */
export class AuthClient {
  readonly #requester: Requester
  readonly #tokens: TokenKeeper

  constructor(requester: Requester, tokens: TokenKeeper) {
    this.#requester = requester
    this.#tokens = tokens
  }

  /** From here on the client calls as this user. */
  async login(login: Login, options?: CallOptions): Promise<LoggedIn> {
    const loggedIn = await this.#send<LoggedIn>('POST', '/login', { body: login, anonymous: true }, options)
    await this.#tokens.set(pairOf(loggedIn))
    return loggedIn
  }

  /** Renews the session now; it is also done by itself when a call finds the access token too old. */
  async refresh(options?: CallOptions): Promise<boolean> {
    return this.#tokens.renew(this.#tokens.bearer, (token) => askForNext(this.#requester, token, options))
  }

  /** Ends the session, here and there. */
  async logout(options?: CallOptions): Promise<void> {
    try {
      await this.#send('POST', '/logout', {}, options)
    } catch (error) {
      if (!isApiError(error, 'UNAUTHENTICATED')) throw error
    }
    await this.#tokens.set(undefined)
  }

  register(registration: Registration, options?: CallOptions): Promise<User | null> {
    return this.#send('POST', '/register', { body: registration, anonymous: true }, options)
  }

  me(options?: CallOptions): Promise<Me> {
    return this.#send('GET', '/me', {}, options)
  }

  /** A fresh proof of who calls, for dangerous calls. */
  stepUp(proof: Omit<Login, 'email'>, options?: CallOptions): Promise<{ readonly valid_until: string }> {
    return this.#send('POST', '/step-up', { body: proof }, options)
  }

  sessions(options?: CallOptions): Promise<readonly Session[]> {
    return this.#send('GET', '/sessions', {}, options)
  }

  async endSession(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#send('DELETE', '/sessions/{id}', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'SESSION_NOT_FOUND') && error.repeated)) throw error
    }
  }

  /** All but this one. */
  endOtherSessions(options?: CallOptions): Promise<{ readonly ended: number }> {
    return this.#send('DELETE', '/sessions', {}, options)
  }

  apiKeys(options?: CallOptions): Promise<readonly ApiKey[]> {
    return this.#send('GET', '/api-keys', {}, options)
  }

  /** The key is in this answer alone. It is not asked for twice: a lost answer is an error. */
  createApiKey(key: NewApiKey, options?: CallOptions): Promise<MadeApiKey> {
    return this.#send('POST', '/api-keys', { body: key }, options)
  }

  async revokeApiKey(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#send('DELETE', '/api-keys/{id}', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'API_KEY_NOT_FOUND') && error.repeated)) throw error
    }
  }

  async forgotPassword(email: string, options?: CallOptions): Promise<void> {
    await this.#send('POST', '/password/forgot', { body: { email }, anonymous: true }, options)
  }

  /** With the token from the mail. */
  resetPassword(token: string, password: string, options?: CallOptions): Promise<User> {
    return this.#send('POST', '/password/reset', { body: { token, password }, anonymous: true }, options)
  }

  async verifyEmail(token: string, options?: CallOptions): Promise<void> {
    await this.#send('POST', '/email/verify', { body: { token }, anonymous: true }, options)
  }

  async resendVerification(email: string, options?: CallOptions): Promise<void> {
    await this.#send('POST', '/email/verify/resend', { body: { email }, anonymous: true }, options)
  }

  async #send<T>(method: string, template: string, request: Request, options?: CallOptions): Promise<T> {
    const { params = {}, ...rest } = request
    const path = BASE + fillPath(template, params)
    return (await this.#requester.send<T>({ method, path, repeat: repeatOf(method, path), ...rest }, options)).data
  }
}

/** The next pair of tokens; undefined when the session is over. */
export async function askForNext(
  requester: Requester,
  refreshToken: string,
  options?: CallOptions,
): Promise<SessionTokens | undefined> {
  const path = `${BASE}/refresh`
  const body = { refresh_token: refreshToken }
  try {
    const call = { method: 'POST', path, body, repeat: repeatOf('POST', path), anonymous: true }
    return pairOf((await requester.send<Tokens>(call, options)).data)
  } catch (error) {
    if (isApiError(error, 'UNAUTHENTICATED')) return undefined
    throw error
  }
}

function pairOf(tokens: Tokens): SessionTokens {
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
}
