import type { RootDatabase } from 'lmdb'

/** How long the writes of one transaction may keep the thread: those behind them take the next. */
const TRANSACTION_MS = 5

interface Waiting {
  readonly work: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: what waits when a write transaction begins is done in it, in order, and is on disk together. While that is
 * flushed the next transaction waits for its turn, and collects.
 */
export class WriteQueue {
  private readonly waiting: Waiting[] = []
  /** A transaction that has not begun yet will look here. */
  private isAwaited = false

  constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    /** Runs before each of them. */
    private readonly begin: () => void,
    /** What those hear whose transaction could not be committed. */
    private readonly failed: (error: unknown) => Promise<Error>,
  ) {}

  /** Resolves with what `work` returns, or rejects with what it throws, when its transaction is on disk. */
  add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      if (!this.isAwaited) void this.commitNext()
    })
  }

  private async commitNext(): Promise<void> {
    this.isAwaited = true
    let begun: readonly Waiting[] = []
    let outcomes: readonly (() => void)[] = []
    try {
      await this.root.transaction(() => {
        outcomes = this.runWaiting()
        begun = this.takeFirst(outcomes.length)
        // Not from within: it would become a part of this transaction.
        if (this.waiting.length > 0) queueMicrotask(() => void (this.isAwaited || this.commitNext()))
      })
    } catch (error) {
      if (begun.length === 0) begun = this.takeFirst(this.waiting.length)
      const failure = await this.failed(error)
      for (const { reject } of begun) reject(failure)
      return
    }
    for (const tell of outcomes) tell()
  }

  /** As many as there is time for, and one at least. */
  private runWaiting(): readonly (() => void)[] {
    const end = performance.now() + TRANSACTION_MS
    const outcomes: (() => void)[] = []
    for (const waiting of this.waiting) {
      outcomes.push(this.run(waiting))
      if (performance.now() >= end) break
    }
    return outcomes
  }

  private run({ work, resolve, reject }: Waiting): () => void {
    try {
      this.begin()
      const value = work()
      return () => resolve(value)
    } catch (error) {
      return () => reject(error)
    }
  }

  private takeFirst(count: number): readonly Waiting[] {
    this.isAwaited = false
    return this.waiting.splice(0, count)
  }
}
