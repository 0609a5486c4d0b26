import { getHeapStatistics } from 'node:v8'
import { tooMuchMemory } from './bson/errors'
import type { Memory } from './query/memory'

/** In memory a document is several times as large as its BSON, and other things need room too. */
const HEAP_SHARE = 1 / 8

/** What all sorts and pipelines together may hold, in bytes of BSON: a share of the heap that this process may have. */
export function poolBytesMax(): number {
  return Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE)
}

/** The memory for documents that operations hold, those of open cursors included. */
export class MemoryPool implements Memory {
  private taken = 0

  constructor(
    private readonly bytesMax: number,
    /** Asked when the pool is empty. False: nobody can be made to give anything back. */
    private readonly makeRoom: () => boolean,
  ) {}

  /** Throws 292 when there is not as much. */
  take(bytes: number): void {
    while (this.taken + bytes > this.bytesMax) {
      if (!this.makeRoom()) throw tooMuchMemory('What all operations hold', this.bytesMax)
    }
    this.taken += bytes
  }

  give(bytes: number): void {
    this.taken -= bytes
  }
}
