import { boundedSize } from '../../bson/bounded-size'
import type { Doc } from '../../bson/doc'
import { tooMuchMemory } from '../../bson/errors'
import type { Memory } from '../memory'
import { PAUSE } from '../pause'
import type { IsOver, Pause } from '../pause'

/** Documents as they pass through a pipeline. Every stage hands on the pauses that it meets, as soon as it does. */
export type Flow = Iterable<Doc | Pause>

/** MongoDB's bound for one stage; here for what a pipeline holds in all. */
export const PIPELINE_BYTES_MAX = 100 * 1_024 * 1_024
/** What a document costs beside its bytes, roughly. */
const HELD_OVERHEAD_BYTES = 200

/** What the stages of one pipeline keep in memory. */
export class HeldBytes {
  private bytes = 0

  constructor(private readonly memory?: Memory) {}

  get count(): number {
    return this.bytes
  }

  /** The bytes that it counts as. Throws 292 when it is too much. */
  add(value: unknown): number {
    const more = HELD_OVERHEAD_BYTES + boundedSize(value, PIPELINE_BYTES_MAX)
    if (this.bytes + more > PIPELINE_BYTES_MAX) throw tooMuchMemory('Pipeline', PIPELINE_BYTES_MAX)
    this.memory?.take(more)
    this.bytes += more
    return more
  }

  /** So many of what was added are held no longer. */
  give(bytes: number): void {
    this.memory?.give(bytes)
    this.bytes -= bytes
  }

  /** The pipeline is over. */
  release(): void {
    this.give(this.bytes)
  }
}

/** The documents alone, for a flow that never pauses. */
export function* documentsOf(flow: Flow): Iterable<Doc> {
  for (const item of flow) if (item !== PAUSE) yield item
}

/** A pause after whatever document it is time for one. */
export function* paced(flow: Flow, isOver: IsOver): Flow {
  for (const item of flow) {
    yield item
    if (item !== PAUSE && isOver()) yield PAUSE
  }
}

/** Changes documents one by one; undefined leaves one out. */
export function* mapped(flow: Flow, change: (doc: Doc) => Doc | undefined): Flow {
  for (const item of flow) {
    const next = item === PAUSE ? PAUSE : change(item)
    if (next !== undefined) yield next
  }
}

/** Calls `take` with every document; to be used with `yield*`. */
export function* drained(flow: Flow, take: (doc: Doc) => void): Generator<Pause, void> {
  for (const item of flow) {
    if (item === PAUSE) yield PAUSE
    else take(item)
  }
}

/** All documents in memory; to be used with `yield*`. */
export function* gathered(flow: Flow, held: HeldBytes): Generator<Pause, Doc[]> {
  const docs: Doc[] = []
  yield* drained(flow, (doc) => {
    held.add(doc)
    docs.push(doc)
  })
  return docs
}
