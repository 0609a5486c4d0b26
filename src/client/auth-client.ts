import type { SessionTokens, TokenKeeper } from './credentials'
import { isApiError } from './errors'
import { MfaClient } from './mfa-client'
import type { Operator } from './operations'
import type { CallOptions } from './requester'
import type {
  AccessExplanation,
  AccessQuestion,
  ApiKey,
  InvitationAcceptance,
  LoggedIn,
  Login,
  MadeApiKey,
  Me,
  NewApiKey,
  PendingConfirmation,
  Registration,
  Session,
  Setup,
  SteppedUp,
  StepUp,
  Tokens,
  User,
} from './types.gen'

/** `/auth`. A login gives the client a session, which it keeps fresh by itself from then on. */
export class AuthClient {
  readonly mfa: MfaClient
  readonly #api: Operator
  readonly #tokens: TokenKeeper

  constructor(api: Operator, tokens: TokenKeeper) {
    this.mfa = new MfaClient(api)
    this.#api = api
    this.#tokens = tokens
  }

  /** From here on the client calls as this user. */
  async login(login: Login, options?: CallOptions): Promise<LoggedIn> {
    const { data } = await this.#api.send('logIn', { body: login }, options)
    await this.#tokens.set(pairOf(data))
    return data
  }

  /** Renews the session now; it is also done by itself when a call finds the access token too old. */
  async refresh(options?: CallOptions): Promise<boolean> {
    return this.#tokens.renew(this.#tokens.bearer, (token) => askForNext(this.#api, token, options))
  }

  /** Ends the session, here and there. */
  async logout(options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('logOut', {}, options)
    } catch (error) {
      if (!isApiError(error, 'UNAUTHENTICATED')) throw error
    }
    await this.#tokens.set(undefined)
  }

  /** null where the answer must not tell whether the address was known: a mail says more. */
  async register(registration: Registration, options?: CallOptions): Promise<User | null> {
    return (await this.#api.send('register', { body: registration }, options)).data
  }

  async me(options?: CallOptions): Promise<Me> {
    return (await this.#api.send('getMe', {}, options)).data
  }

  /** A fresh proof of who calls, for dangerous calls. */
  async stepUp(proof: StepUp, options?: CallOptions): Promise<SteppedUp> {
    return (await this.#api.send('stepUp', { body: proof }, options)).data
  }

  async sessions(options?: CallOptions): Promise<readonly Session[]> {
    return (await this.#api.send('listSessions', {}, options)).data
  }

  async endSession(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('endSession', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'SESSION_NOT_FOUND') && error.repeated)) throw error
    }
  }

  /** All but this one. */
  async endOtherSessions(options?: CallOptions): Promise<{ readonly ended: number }> {
    return (await this.#api.send('endOtherSessions', {}, options)).data
  }

  async apiKeys(options?: CallOptions): Promise<readonly ApiKey[]> {
    return (await this.#api.send('listApiKeys', {}, options)).data
  }

  /** The key is in this answer alone. It is not asked for twice: a lost answer is an error. */
  async createApiKey(key: NewApiKey, options?: CallOptions): Promise<MadeApiKey> {
    return (await this.#api.send('createApiKey', { body: key }, options)).data
  }

  async revokeApiKey(id: string, options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('revokeApiKey', { params: { id } }, options)
    } catch (error) {
      if (!(isApiError(error, 'API_KEY_NOT_FOUND') && error.repeated)) throw error
    }
  }

  async forgotPassword(email: string, options?: CallOptions): Promise<void> {
    await this.#api.send('forgotPassword', { body: { email } }, options)
  }

  /** With the token from the mail. */
  async resetPassword(token: string, password: string, options?: CallOptions): Promise<User> {
    return (await this.#api.send('resetPassword', { body: { token, password } }, options)).data
  }

  /** With the token from the mail. A change of e-mail may need the other address's consent, too: then it is pending. */
  async verifyEmail(token: string, options?: CallOptions): Promise<User | PendingConfirmation> {
    return (await this.#api.send('verifyEmail', { body: { token } }, options)).data
  }

  async resendVerification(email: string, options?: CallOptions): Promise<void> {
    await this.#api.send('resendVerification', { body: { email } }, options)
  }

  /** With the token from the mail: the invited user chooses a password. */
  async acceptInvitation(acceptance: InvitationAcceptance, options?: CallOptions): Promise<User> {
    return (await this.#api.send('acceptInvitation', { body: acceptance }, options)).data
  }

  /** Makes the first administrator, with the token of the link that the first start prints. */
  async setUp(setup: Setup, options?: CallOptions): Promise<User> {
    return (await this.#api.send('setUp', { body: setup }, options)).data
  }

  /** Whether a call would be let in, and why. */
  async explain(question: AccessQuestion, options?: CallOptions): Promise<AccessExplanation> {
    return (await this.#api.send('explainAccess', { body: question }, options)).data
  }
}

/** The next pair of tokens; undefined when the session is over. */
export async function askForNext(
  api: Operator,
  refreshToken: string,
  options?: CallOptions,
): Promise<SessionTokens | undefined> {
  try {
    return pairOf((await api.send('refresh', { body: { refresh_token: refreshToken } }, options)).data)
  } catch (error) {
    if (isApiError(error, 'UNAUTHENTICATED')) return undefined
    throw error
  }
}

function pairOf(tokens: Tokens): SessionTokens {
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
}
