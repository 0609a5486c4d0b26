/** What a transaction makes of one entry. */
export interface KeyChange {
  readonly key: Buffer
  /** What its snapshot holds; undefined: nothing. */
  readonly before: Buffer | undefined
  /** undefined: the entry is removed. */
  value: Buffer | undefined
}

/** Changes by key, and in the order of keys. A key in latin1 sorts as its bytes do. */
export class KeyChanges {
  private readonly byKey = new Map<string, KeyChange>()
  private readonly sorted: string[] = []

  get size(): number {
    return this.sorted.length
  }

  get(key: Buffer): KeyChange | undefined {
    return this.byKey.get(key.toString('latin1'))
  }

  set(change: KeyChange): void {
    const name = change.key.toString('latin1')
    if (!this.byKey.has(name)) this.sorted.splice(this.position(name), 0, name)
    this.byKey.set(name, change)
  }

  all(): Iterable<KeyChange> {
    return this.byKey.values()
  }

  /** Those with start ≤ key < end, or above `start` alone where that is exclusive. */
  *between(start: Buffer, end: Buffer | undefined, direction: 1 | -1): Generator<KeyChange> {
    const first = this.position(start.toString('latin1'))
    const last = end === undefined ? this.sorted.length : this.position(end.toString('latin1'))
    const [from, step] = direction === 1 ? [first, 1] : [last - 1, -1]
    for (let i = from; i >= first && i < last; i += step) {
      yield this.byKey.get(this.sorted[i] as string) as KeyChange
    }
  }

  /** Where the first key stands that is not below `name`. */
  private position(name: string): number {
    let [low, high] = [0, this.sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.sorted[middle] as string) < name) low = middle + 1
      else high = middle
    }
    return low
  }
}
