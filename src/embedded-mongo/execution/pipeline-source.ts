import { readDoc, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { documentTooLarge } from '../bson/errors'
import type { Flow } from '../query/aggregate/flow'
import { PAUSE } from '../query/pause'
import type { Pause } from '../query/pause'
import { Batch, DOCUMENT_BYTES_MAX } from './batch'
import { Slice } from './slice'
import type { FillState, Source } from './source'

/** Documents that are read before a pipeline works on them. */
const READ_AHEAD = 256

/** The results of a pipeline, made as the cursor asks for them, in the slices that it is given. */
export class PipelineSource implements Source {
  private slice = new Slice()
  private readonly results: Iterator<Doc | Pause>
  private waiting: Uint8Array | undefined

  /** `open` makes the pipeline of its surroundings: when to pause, and how to read a source in this one's slices. */
  constructor(open: (isOver: () => boolean, read: (source: Source) => Flow) => Flow) {
    const flow = open(
      () => this.slice.isOver(true),
      (source) => this.read(source),
    )
    this.results = flow[Symbol.iterator]()
  }

  fill(batch: Batch, slice: Slice): FillState {
    this.slice = slice
    if (batch.isFull) return 'full'
    for (;;) {
      if (this.waiting !== undefined) {
        if (!batch.add(this.waiting)) return 'full'
        this.waiting = undefined
      }
      const next = this.results.next()
      if (next.done === true) return 'done'
      if (next.value === PAUSE) return 'paused'
      this.waiting = toBytes(next.value)
    }
  }

  private *read(source: Source): Flow {
    for (;;) {
      const batch = new Batch(READ_AHEAD)
      const state = source.fill(batch, this.slice)
      for (const raw of batch.documents) yield readDoc(raw)
      if (state === 'done') return
      if (state === 'paused') yield PAUSE
    }
  }
}

function toBytes(doc: Doc): Uint8Array {
  const raw = writeDoc(doc)
  if (raw.length > DOCUMENT_BYTES_MAX) throw documentTooLarge(`a result of ${raw.length} bytes is too large`)
  return raw
}
