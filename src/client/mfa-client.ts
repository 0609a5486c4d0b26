import { isApiError } from './errors'
import type { Operator } from './operations'
import type { CallOptions } from './requester'
import type { AuthenticatorSecret, RecoveryCodes, SecondFactor } from './types.gen'

/** `/auth/mfa`: the second factor of the one who calls. Answers with secrets are not asked for twice. */
export class MfaClient {
  readonly #api: Operator

  constructor(api: Operator) {
    this.#api = api
  }

  async status(options?: CallOptions): Promise<SecondFactor> {
    return (await this.#api.send('getSecondFactor', {}, options)).data
  }

  /** The secret for an authenticator; it counts from `activate` on. */
  async begin(options?: CallOptions): Promise<AuthenticatorSecret> {
    return (await this.#api.send('beginAuthenticator', {}, options)).data
  }

  /** With a code of the authenticator. The recovery codes are in this answer alone. */
  async activate(code: string, options?: CallOptions): Promise<RecoveryCodes> {
    return (await this.#api.send('activateAuthenticator', { body: { code } }, options)).data
  }

  /** The former recovery codes are worth nothing from here on. */
  async renewRecoveryCodes(options?: CallOptions): Promise<RecoveryCodes> {
    return (await this.#api.send('renewRecoveryCodes', {}, options)).data
  }

  async remove(options?: CallOptions): Promise<void> {
    try {
      await this.#api.send('removeAuthenticator', {}, options)
    } catch (error) {
      if (!(isApiError(error, 'MFA_NOT_ACTIVE') && error.repeated)) throw error
    }
  }
}
