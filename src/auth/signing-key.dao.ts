import type { JWK } from 'jose'

/** A pair of keys for access tokens, as it is kept. */
export interface SigningKey {
  /** The `kid` of the tokens: the thumbprint of the public key (RFC 7638). */
  readonly id: string
  /** Counts the keys from 1: two processes that make the next one at once make one. */
  readonly number: number
  readonly public_jwk: JWK
  /** JSON of the private JWK, sealed. */
  readonly private_jwk: string
  readonly created_at: Date
  /** Published before it signs, so that everybody knows it by then. */
  readonly signs_from: Date
  /** From then on none of its tokens is good; null: it is in use. */
  readonly retires_at: Date | null
}

/** The signing keys of a store. Every method may reject with SERVICE_UNAVAILABLE. */
export interface SigningKeyDao {
  /** Oldest first. */
  list(): Promise<readonly SigningKey[]>

  /** @returns false when there is a key of this number already. */
  insert(key: SigningKey): Promise<boolean>

  /** All keys but one retire, unless they do so earlier. @returns how many that concerned. */
  retireOthers(id: string, retiresAt: Date, now: Date): Promise<number>

  /** The ids of the keys that were made or retired at or after `since`. */
  changedSince(since: Date): Promise<readonly string[]>
}
