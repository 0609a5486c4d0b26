import { inSlices, TimeLimit } from './slice'
import type { Slice } from './slice'

/** Who reads, and how many slices that has had. */
interface Reader {
  slices: number
}

let current: Reader | undefined
/** Those who want to read, the first one first. */
const waiting = new Set<Reader>()

/**
 * The reading of a large document, in slices. One is read at a time, of all that are wanted: half a document is of use to
 * nobody, and takes several times its bytes. Who waits asks in each of its turns. In between whoever reads has had one,
 * or does not want the rest any more, and is not waited for.
 */
export class LargeRead<T> {
  private readonly reader: Reader = { slices: 0 }
  private waitedFor: { readonly reader: Reader; readonly slices: number } | undefined
  private pieces: Iterator<undefined, T> | undefined

  /** `open` begins to read, when it is time to. */
  constructor(private readonly open: () => Iterator<undefined, T>) {}

  run(slice: Slice): { readonly value: T } | 'paused' {
    if (!this.mayRead()) return 'paused'
    this.reader.slices++
    const pieces = (this.pieces ??= this.open())
    for (let next = pieces.next(); ; next = pieces.next()) {
      if (next.done === true) {
        this.handOn()
        return next
      }
      if (slice.isOver(true)) return 'paused'
    }
  }

  private mayRead(): boolean {
    if (current !== undefined && current !== this.reader) {
      const before = this.waitedFor
      this.waitedFor = { reader: current, slices: current.slices }
      if (before?.reader !== current || before.slices !== current.slices) {
        waiting.add(this.reader)
        return false
      }
    }
    current = this.reader
    waiting.delete(current)
    return true
  }

  /** Else one command that reads many would have them all first. */
  private handOn(): void {
    const [next] = waiting
    if (next !== undefined) waiting.delete(next)
    current = next
  }
}

/** What comes of it, with a turn for others after each slice. */
export async function readLarge<T>(open: () => Iterator<undefined, T>): Promise<T> {
  const large = new LargeRead(open)
  const values: T[] = []
  await inSlices(new TimeLimit(undefined), (slice) => {
    const read = large.run(slice)
    if (read !== 'paused') values.push(read.value)
    return read !== 'paused'
  })
  return values[0] as T
}
