/** What a login gives. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken?: string | undefined
}

/** Who calls. Nothing at all, for a service that asks for nothing. */
export interface Credentials {
  /** An access token that somebody else keeps fresh. */
  readonly token?: string | undefined
  readonly apiKey?: string | undefined
  /** A session: its access token is renewed by the client itself. */
  readonly session?: SessionTokens | undefined
}

export interface KeeperOptions {
  /** Told of every new pair, and of the end of the session, so that they can be kept. Awaited. */
  readonly onSession?: ((tokens: SessionTokens | undefined) => void | Promise<void>) | undefined
}

/** Holds the caller's tokens, and renews them: once for all calls that find them too old at the same time. */
export class TokenKeeper {
  readonly #fixed: string | undefined
  readonly #onSession: NonNullable<KeeperOptions['onSession']>
  #session: SessionTokens | undefined
  #renewing: Promise<boolean> | undefined

  constructor({ token, apiKey, session }: Credentials, { onSession }: KeeperOptions = {}) {
    if ([token, apiKey, session].filter((one) => one !== undefined).length > 1) {
      throw new TypeError('Give one of token, apiKey and session')
    }
    this.#fixed = token ?? apiKey
    this.#session = session
    this.#onSession = onSession ?? (() => undefined)
  }

  /** What to send as bearer. */
  get bearer(): string | undefined {
    return this.#session?.accessToken ?? this.#fixed
  }

  get session(): SessionTokens | undefined {
    return this.#session
  }

  async set(tokens: SessionTokens | undefined): Promise<void> {
    this.#session = tokens
    await this.#onSession(tokens)
  }

  /**
   * A call with this bearer was refused: whether there is another one to try it with.
   * @param refresh - asks the server for the next pair; undefined when the session is over
   */
  async renew(
    refused: string | undefined,
    refresh: (refreshToken: string) => Promise<SessionTokens | undefined>,
  ): Promise<boolean> {
    const session = this.#session
    if (!session) return false
    if (session.accessToken !== refused) return true
    const { refreshToken } = session
    if (refreshToken === undefined) return false
    this.#renewing ??= this.#next(refreshToken, refresh).finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #next(token: string, refresh: (token: string) => Promise<SessionTokens | undefined>): Promise<boolean> {
    const tokens = await refresh(token)
    await this.set(tokens)
    return tokens !== undefined
  }
}
