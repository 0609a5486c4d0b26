import type { TokenPurpose } from './one-time-token'

export interface StoredToken {
  readonly user_id: string
  readonly purpose: TokenPurpose
  /** The address that it was sent to: whoever has the token reads its mail. */
  readonly email: string
  readonly hash: string
  readonly created_at: Date
  readonly expires_at: Date
}

/** A store of tokens that are good once. Every method may reject with SERVICE_UNAVAILABLE. */
export interface OneTimeTokenDao {
  /** Of each purpose a user has one: an earlier one is no longer good. */
  put(token: StoredToken): Promise<void>

  find(purpose: TokenPurpose, hash: string, now: Date): Promise<StoredToken | undefined>

  /** Of all who take it at once one gets it. */
  take(purpose: TokenPurpose, hash: string, now: Date): Promise<StoredToken | undefined>

  ofUser(userId: string): Promise<readonly StoredToken[]>

  drop(userId: string): Promise<void>
}
