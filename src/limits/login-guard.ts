/** An attempt to prove an identity that was let through. One of the three is called when its outcome is known. */
export interface Attempt {
  succeeded(): Promise<void>
  failed(): Promise<void>
  /** Nothing was compared after all, as when too many hashes wait: the attempt does not count. */
  abandoned(): Promise<void>
}

/** Bounds how often somebody guesses, over all processes: by the account that is tried and by the caller's address. */
export interface LoginGuard {
  /**
   * Counts the attempt before anything dear is done for it, so that attempts at once cannot pass together.
   * @param account the lower-cased e-mail, whether or not anybody has it.
   * @throws ACCOUNT_LOCKED or RATE_LIMITED, with Retry-After; SERVICE_UNAVAILABLE
   */
  begin(account: string, address: string): Promise<Attempt>

  /** An administrator gives the account its attempts back. */
  unlock(account: string): Promise<void>
}
