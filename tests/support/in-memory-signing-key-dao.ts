import type { SigningKey, SigningKeyDao } from '../../src/auth/signing-key.dao'

type Kept = SigningKey & { readonly changed_at: Date }

/** Signing keys in a list. */
export class InMemorySigningKeyDao implements SigningKeyDao {
  private keys: readonly Kept[] = []

  async list(): Promise<readonly SigningKey[]> {
    const sorted = this.keys.toSorted((one, other) => one.number - other.number)
    return sorted.map(({ changed_at: _, ...key }) => key)
  }

  async insert(key: SigningKey): Promise<boolean> {
    if (this.keys.some(({ number }) => number === key.number)) return false
    this.keys = [...this.keys, { ...key, changed_at: key.created_at }]
    return true
  }

  async retireOthers(id: string, retiresAt: Date, now: Date): Promise<number> {
    const concerned = (key: Kept) => key.id !== id && (key.retires_at === null || key.retires_at > retiresAt)
    const count = this.keys.filter(concerned).length
    this.keys = this.keys.map((key) => (concerned(key) ? { ...key, retires_at: retiresAt, changed_at: now } : key))
    return count
  }

  async changedSince(since: Date): Promise<readonly string[]> {
    return this.keys.filter(({ changed_at }) => changed_at >= since).map(({ id }) => id)
  }
}
