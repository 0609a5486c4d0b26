/** An API key as it is kept: the key itself is not. */
export interface ApiKey {
  /** The part of the key that names it: 12 letters and digits. */
  readonly id: string
  /** Who made it: the key may do no more than this person at any time. */
  readonly user_id: string
  readonly name: string
  /** The most that it may ever do. */
  readonly permissions: readonly string[]
  /** SHA-256 of the key's secret, in base64url. The secret is random and of 256 bits: nobody can search for it. */
  readonly hash: string
  readonly created_at: Date
  /** null: without end. */
  readonly expires_at: Date | null
  /** Written at most once a minute. null: not used yet. */
  readonly last_used_at: Date | null
  readonly revoked_at: Date | null
}
