/** Names of one chunk at the most: few enough to make room between them, and many enough to have few chunks. */
const CHUNK_NAMES_MAX = 512

/** Values by name, and in the order of the names. A key in latin1 is a name that sorts as the bytes of the key do. */
export class SortedMap<V> {
  private readonly values = new Map<string, V>()
  /** All names, in order; no chunk but the first is ever empty. */
  private readonly chunks: string[][] = [[]]

  get size(): number {
    return this.values.size
  }

  get(name: string): V | undefined {
    return this.values.get(name)
  }

  set(name: string, value: V): void {
    const { size } = this.values
    this.values.set(name, value)
    if (this.values.size > size) this.enter(name)
  }

  private enter(name: string): void {
    const at = this.chunkOf(name)
    const chunk = this.chunks[at] as string[]
    const isLast = chunk.length === 0 || (chunk[chunk.length - 1] as string) < name
    if (isLast) chunk.push(name)
    else chunk.splice(position(chunk, name), 0, name)
    if (chunk.length <= CHUNK_NAMES_MAX) return
    // Names that come in their order fill a chunk before they begin the next.
    this.chunks.splice(at + 1, 0, chunk.splice(isLast ? CHUNK_NAMES_MAX : CHUNK_NAMES_MAX / 2))
  }

  /** The last chunk that begins with `name` or below it, or the first one. */
  private chunkOf(name: string): number {
    let [low, high] = [1, this.chunks.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.chunks[middle]?.[0] as string) <= name) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  all(): Iterable<readonly [string, V]> {
    return this.between('', undefined, 1)
  }

  /** Those with start ≤ name < end, upwards or downwards. What enters behind the present one meanwhile is met, too. */
  *between(start: string, end: string | undefined, direction: 1 | -1): Generator<readonly [string, V]> {
    const bound = direction === 1 ? start : end
    let place = bound === undefined ? this.placeBehindAll() : this.placeOf(bound)
    if (direction === -1) place = this.neighbour(place, -1)
    for (;;) {
      const name = this.nameAt(place)
      if (name === undefined || (direction === 1 ? end !== undefined && name >= end : name < start)) return
      yield [name, this.values.get(name) as V]
      if (this.nameAt(place) !== name) place = this.placeOf(name)
      place = this.neighbour(place, direction)
    }
  }

  /** Of the first name that is not below `name`. */
  private placeOf(name: string): Place {
    const chunk = this.chunkOf(name)
    const names = this.chunks[chunk] as string[]
    const index = position(names, name)
    return index === names.length ? { chunk: chunk + 1, index: 0 } : { chunk, index }
  }

  private placeBehindAll(): Place {
    return { chunk: this.chunks.length, index: 0 }
  }

  private nameAt({ chunk, index }: Place): string | undefined {
    return this.chunks[chunk]?.[index]
  }

  private neighbour({ chunk, index }: Place, direction: 1 | -1): Place {
    const next = index + direction
    if (next < 0) return { chunk: chunk - 1, index: (this.chunks[chunk - 1]?.length ?? 0) - 1 }
    return next < (this.chunks[chunk]?.length ?? 0) ? { chunk, index: next } : { chunk: chunk + 1, index: 0 }
  }
}

interface Place {
  readonly chunk: number
  readonly index: number
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
