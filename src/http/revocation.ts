/**
 * Something of which processes keep copies in memory, and which must not outlive a change made in another process: sessions,
 * what people may do, API keys.
 */
export interface RevocationSource {
  /**
   * The keys of what was changed, ended or deleted at or after `since`; 'all' when they are too many to tell. The same
   * change is told again for as long as it lies in the window, so it should be a read of an index.
   */
  changedSince(since: Date): Promise<readonly string[] | 'all'>

  /** Forgets the copies, and those that are being read at this moment. */
  drop(keys: readonly string[] | 'all'): void
}

/** Says whether copies in memory may be believed. */
export interface Freshness {
  /** False from the moment when a change made elsewhere could have gone unseen for too long: then read the store. */
  isFresh(): boolean
}
