import { LARGE_BYTES, readDoc, readDocInPieces, writeDoc } from '../bson/doc'
import type { Doc } from '../bson/doc'
import { documentTooLarge } from '../bson/errors'
import { HeldBytes } from '../query/aggregate/flow'
import type { Flow } from '../query/aggregate/flow'
import type { Memory } from '../query/memory'
import { PAUSE } from '../query/pause'
import type { Pause } from '../query/pause'
import { Batch, DOCUMENT_BYTES_MAX } from './batch'
import { LargeRead } from './large-read'
import { Slice } from './slice'
import type { FillState, Source } from './source'

/** Documents that are read before a pipeline works on them. */
const READ_AHEAD = 256

/** When to pause, how to read a source in this one's slices, and what counts the memory. */
export interface Surroundings {
  readonly isOver: () => boolean
  readonly read: (source: Source) => Flow
  readonly held: HeldBytes
}

/** The results of a pipeline, made as the cursor asks for them, in the slices that it is given. */
export class PipelineSource implements Source {
  private slice = new Slice()
  private readonly results: Iterator<Doc | Pause>
  private waiting: Uint8Array | undefined

  private readonly held: HeldBytes
  private readonly inputs: Source[] = []

  /** `open` makes the pipeline of its surroundings. */
  constructor(open: (surroundings: Surroundings) => Flow, memory?: Memory) {
    this.held = new HeldBytes(memory)
    const flow = open({
      isOver: () => this.slice.isOver(true),
      read: (source) => this.read(source),
      held: this.held,
    })
    this.results = flow[Symbol.iterator]()
  }

  get heldBytes(): number {
    return this.inputs.reduce((sum, input) => sum + (input.heldBytes ?? 0), this.held.count)
  }

  close(): void {
    this.held.release()
    for (const input of this.inputs.splice(0)) input.close?.()
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
    this.inputs.push(source)
    for (;;) {
      const batch = new Batch(READ_AHEAD)
      const state = source.fill(batch, this.slice)
      for (const raw of batch.documents) {
        if (raw.length < LARGE_BYTES) yield readDoc(raw)
        else yield* this.readLarge(raw)
      }
      if (state === 'done') {
        source.close?.()
        this.inputs.splice(this.inputs.indexOf(source), 1)
        return
      }
      if (state === 'paused') yield PAUSE
    }
  }

  private *readLarge(raw: Uint8Array): Flow {
    const large = new LargeRead(() => readDocInPieces(raw))
    let read = large.run(this.slice)
    for (; read === 'paused'; read = large.run(this.slice)) yield PAUSE
    // What is done with it may take as long again.
    if (this.slice.isOver(true)) yield PAUSE
    yield read.value
  }
}

function toBytes(doc: Doc): Uint8Array {
  const raw = writeDoc(doc)
  if (raw.length > DOCUMENT_BYTES_MAX) throw documentTooLarge(`a result of ${raw.length} bytes is too large`)
  return raw
}
