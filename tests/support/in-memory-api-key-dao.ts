import type { ApiKey } from '../../src/api-keys/api-key'
import type { ApiKeyDao } from '../../src/api-keys/api-key.dao'

/** API keys in a map. */
export class InMemoryApiKeyDao implements ApiKeyDao {
  readonly keys = new Map<string, ApiKey>()
  readonly purgeDates = new Map<string, Date | null>()

  async insert(key: ApiKey, max: number, purgeAt: Date | null): Promise<boolean> {
    const kept = await this.listOf(key.user_id)
    if (kept.filter(({ revoked_at }) => revoked_at === null).length >= max) return false
    this.keys.set(key.id, key)
    this.purgeDates.set(key.id, purgeAt)
    return true
  }

  async find(id: string): Promise<ApiKey | undefined> {
    return this.keys.get(id)
  }

  async listOf(userId: string): Promise<readonly ApiKey[]> {
    return [...this.keys.values()].filter(({ user_id }) => user_id === userId).toReversed()
  }

  async revoke(id: string, userId: string, now: Date, purgeAt: Date): Promise<boolean> {
    const key = this.keys.get(id)
    if (key?.user_id !== userId || key.revoked_at !== null) return false
    this.keys.set(id, { ...key, revoked_at: now })
    this.purgeDates.set(id, purgeAt)
    return true
  }

  async noteUse(id: string, now: Date, since: Date): Promise<void> {
    const key = this.keys.get(id)
    if (key && (key.last_used_at === null || key.last_used_at <= since))
      this.keys.set(id, { ...key, last_used_at: now })
  }

  async revokedSince(since: Date, limit: number): Promise<readonly string[]> {
    const revoked = [...this.keys.values()].filter(({ revoked_at }) => revoked_at !== null && revoked_at >= since)
    return revoked.slice(0, limit).map(({ id }) => id)
  }

  async removeAllOf(userId: string): Promise<number> {
    const all = await this.listOf(userId)
    for (const { id } of all) this.keys.delete(id)
    return all.length
  }
}
