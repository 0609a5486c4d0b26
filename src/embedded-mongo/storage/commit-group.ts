import type { RecordWriter } from './log-record'
import type { Slot } from './memtable'

/** What somebody wants to write, and what came of it. */
export class Job {
  private outcome: unknown
  private hasThrown = false

  constructor(
    private readonly work: () => unknown,
    /** It wants a transaction of lmdb's. */
    readonly isDirect: boolean,
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

  tell(): void {
    if (this.hasThrown) this.reject(this.outcome)
    else this.resolve(this.outcome)
  }
}

/** Writes that are on disk together, or not at all. */
export class Group {
  readonly jobs: Job[] = []
  readonly touched: Slot[] = []

  constructor(
    readonly number: number,
    readonly record: RecordWriter,
  ) {}
}
