/** The address that the user has, and the one that it is to have. */
export type Side = 'old' | 'new'

export interface Confirmation {
  readonly hash: string
  readonly confirmed_at: Date | null
}

/** A change of e-mail that waits for both addresses. */
export interface EmailChange {
  readonly user_id: string
  readonly from: string
  readonly to: string
  readonly old: Confirmation
  readonly new: Confirmation
  readonly created_at: Date
  readonly expires_at: Date
}

/** A store of changes that wait. Every method may reject with SERVICE_UNAVAILABLE. */
export interface EmailChangeDao {
  /** A user has one: an earlier one is forgotten, with its tokens. */
  put(change: EmailChange): Promise<void>

  /**
   * Confirms for one side: once, whoever tries.
   * @returns the change as it is then; undefined when no side waits for this hash
   */
  confirm(side: Side, hash: string, now: Date): Promise<EmailChange | undefined>

  /** Takes a confirmation back, so that it can be repeated. */
  unconfirm(side: Side, hash: string): Promise<void>

  find(userId: string, now: Date): Promise<EmailChange | undefined>

  drop(userId: string): Promise<void>
}
