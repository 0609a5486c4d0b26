/** A user's authenticator, being set up or active. */
export interface Authenticator {
  readonly user_id: string
  /** Sealed. */
  readonly secret: string
  readonly created_at: Date
  /** null: not active yet. */
  readonly activated_at: Date | null
  /** While it is not active: when it is forgotten. */
  readonly expires_at: Date | null
  /** The last step of time of which a code was used. */
  readonly last_step: number
  /** Hashes of those that are left. */
  readonly recovery_codes: readonly string[]
}

/**
 * A store of authenticators, one for each user. Each change is one compare-and-set. Every method may reject with
 * SERVICE_UNAVAILABLE.
 */
export interface MfaDao {
  find(userId: string): Promise<Authenticator | undefined>

  /** Puts one that is not active in the place of another that is not. @returns false when one is active */
  begin(authenticator: Authenticator): Promise<boolean>

  /** @param secret as it is kept: the one that was checked. @returns false when it is not that one any more, or active */
  activate(
    userId: string,
    secret: string,
    active: Pick<Authenticator, 'activated_at' | 'last_step' | 'recovery_codes'>,
  ): Promise<boolean>

  /** Uses up a step of time, and all before it. @returns false when it was used already */
  useStep(userId: string, secret: string, step: number): Promise<boolean>

  /** Uses up a recovery code. @returns false when there is none of this hash */
  useRecoveryCode(userId: string, hash: string): Promise<boolean>

  /** @returns false when none is active */
  replaceRecoveryCodes(userId: string, hashes: readonly string[]): Promise<boolean>

  /** @returns false when none was active */
  removeActive(userId: string): Promise<boolean>

  /** Active or not. */
  removeAny(userId: string): Promise<void>
}
