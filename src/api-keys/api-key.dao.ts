import type { ApiKey } from './api-key'

/** The keys of a store. Every method may reject with SERVICE_UNAVAILABLE when it does not answer in time. */
export interface ApiKeyDao {
  /**
   * @param max how many a person may have that are not revoked; keys made at once cannot pass it together.
   * @param purgeAt when nothing needs to be known of it any more; null: not before it is revoked.
   * @returns false when the person has as many already
   */
  insert(key: ApiKey, max: number, purgeAt: Date | null): Promise<boolean>

  find(id: string): Promise<ApiKey | undefined>

  /** All of a person, the revoked among them, newest first. */
  listOf(userId: string): Promise<readonly ApiKey[]>

  /** @returns false when the person has no such key, or revoked it before. */
  revoke(id: string, userId: string, now: Date, purgeAt: Date): Promise<boolean>

  /** Notes the use, unless one was noted since `since`. */
  noteUse(id: string, now: Date, since: Date): Promise<void>

  /** The ids of keys revoked at or after `since`, at most `limit`. */
  revokedSince(since: Date, limit: number): Promise<readonly string[]>

  /** Removes all that is held on the person's keys. */
  removeAllOf(userId: string): Promise<number>
}
