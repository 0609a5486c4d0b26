import type { RecordWriter } from './log-record'
import type { ChangedTree, Slot } from './memtable'

/** once: in one go. steps: a turn for each call, until one does not return false. direct: in one go, in lmdb itself. */
export type JobKind = 'once' | 'steps' | 'direct'

/** What somebody wants to write, and what came of it. */
export class Job {
  private outcome: unknown
  private hasThrown = false

  constructor(
    private readonly work: () => unknown,
    readonly kind: JobKind,
    private readonly resolve: (value: unknown) => void,
    readonly reject: (error: unknown) => void,
  ) {}

  /** Never throws. */
  run(): void {
    try {
      this.outcome = this.work()
    } catch (error) {
      this.outcome = error
      this.hasThrown = true
    }
  }

  /** There is another step. */
  get isUnfinished(): boolean {
    return this.kind === 'steps' && this.outcome === false
  }

  tell(): void {
    if (this.hasThrown) this.reject(this.outcome)
    else this.resolve(this.outcome)
  }
}

/** Writes that are on disk together, or not at all. */
export class Group {
  readonly jobs: Job[] = []
  readonly touched: Slot[] = []
  private readonly growth = new Map<ChangedTree, number>()
  /** The first job that waits has begun to write to it, and goes on: it is not to be flushed yet. */
  isOpen = false

  constructor(
    readonly number: number,
    readonly record: RecordWriter,
  ) {}

  touch(slot: Slot, added: number): void {
    this.touched.push(slot)
    if (added !== 0) this.growth.set(slot.tree, this.addedTo(slot.tree) + added)
  }

  /** How many entries a tree has more by what is written here. */
  addedTo(tree: ChangedTree): number {
    return this.growth.get(tree) ?? 0
  }
}
