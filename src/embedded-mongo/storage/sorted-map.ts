/** With so many new names at the most each is put into its place; more are sorted. */
const PLACED_MAX = 32

/**
 * Values by name, and in the order of the names: which are sorted when somebody asks for them. A key in latin1 is a name
 * that sorts as the bytes of the key do.
 */
export class SortedMap<V> {
  private readonly values = new Map<string, V>()
  private readonly sorted: string[] = []
  /** Names that are not in order yet. */
  private readonly added: string[] = []

  get size(): number {
    return this.values.size
  }

  get(name: string): V | undefined {
    return this.values.get(name)
  }

  /** `name` is not there. */
  add(name: string, value: V): void {
    this.values.set(name, value)
    this.added.push(name)
  }

  /** In the order in which they were added. */
  all(): IterableIterator<[string, V]> {
    return this.values.entries()
  }

  /** Those with start ≤ name < end, upwards or downwards. What is added behind the present one meanwhile is met, too. */
  *between(start: string, end: string | undefined, direction: 1 | -1): Generator<readonly [string, V]> {
    this.sort()
    const bound = direction === 1 ? start : end
    let at = bound === undefined ? this.sorted.length : position(this.sorted, bound)
    if (direction === -1) at--
    for (;;) {
      const name = this.sorted[at]
      if (name === undefined || (direction === 1 ? end !== undefined && name >= end : name < start)) return
      yield [name, this.values.get(name) as V]
      this.sort()
      if (this.sorted[at] !== name) at = position(this.sorted, name)
      at += direction
    }
  }

  private sort(): void {
    const { added, sorted } = this
    if (added.length === 0) return
    if (added.length > PLACED_MAX) {
      for (const name of added) sorted.push(name)
      sorted.sort(byCode)
    } else for (const name of added) sorted.splice(position(sorted, name), 0, name)
    added.length = 0
  }
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : 1
}

/** Where the first name stands that is not below `name`. */
function position(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] as string) < name) low = middle + 1
    else high = middle
  }
  return low
}
