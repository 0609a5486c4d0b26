import { BoundedMap } from './bounded-map'
import type { Freshness } from './revocation'

export interface CachedReadsOptions<V> {
  /** undefined: there is none. That is not remembered. */
  readonly read: (key: string) => Promise<V | undefined>
  readonly freshness: Freshness
  /** How many values are kept: at least so many, at most twice as many. */
  readonly max: number
}

/** Reads of a store by key: those of one key at the same time are one, and their value is kept while it may be believed. */
export class CachedReads<V> {
  private readonly kept: BoundedMap<string, V>
  private readonly reading = new Map<string, Promise<V | undefined>>()

  constructor(private readonly options: CachedReadsOptions<V>) {
    this.kept = new BoundedMap(options.max)
  }

  /** The value, if it is in memory and may be believed. */
  known(key: string): V | undefined {
    return this.options.freshness.isFresh() ? this.kept.get(key) : undefined
  }

  /** The value as it is in the store, and in memory from now on. */
  find(key: string): Promise<V | undefined> {
    const same = this.reading.get(key)
    if (same) return same
    const reading: Promise<V | undefined> = this.options.read(key).then(
      (value) => {
        // Dropped meanwhile: what was read may be older than the change, so it serves those who wait, and no others.
        if (this.reading.get(key) !== reading) return value
        this.reading.delete(key)
        if (value === undefined) this.kept.delete(key)
        else this.kept.set(key, value)
        return value
      },
      (error: unknown) => {
        if (this.reading.get(key) === reading) this.reading.delete(key)
        throw error
      },
    )
    this.reading.set(key, reading)
    return reading
  }

  /** Forgets the values, and does not keep those that are being read. */
  drop(keys: readonly string[] | 'all'): void {
    if (keys === 'all') {
      this.kept.clear()
      this.reading.clear()
      return
    }
    for (const key of keys) {
      this.kept.delete(key)
      this.reading.delete(key)
    }
  }
}
