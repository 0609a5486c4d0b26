import type { Doc } from '../bson/doc'
import { toNumber } from '../bson/exact'
import { isNumeric } from '../bson/types'
import type { Slice } from '../execution/slice'
import { isTransient } from '../sessions/error-labels'
import type { Outcome } from '../sessions/statement-log'
import { Blocked } from '../storage/blocked'
import type { Arguments } from './arguments'
import type { CommandContext } from './command'
import type { WriteErrors } from './write-errors'

/** One statement of a write command, under way. */
export interface StatementRun {
  /** True when it is done. What it throws must leave it fit to be called again, where that is Blocked. */
  step(slice: Slice): boolean
  readonly outcome: Outcome
}

export interface BatchOptions {
  readonly count: number
  /** Inside Store.write. */
  readonly start: (index: number) => StatementRun
  /** Collections that must be there, and are made: [database, name]. */
  readonly ensured: readonly (readonly [string, string])[]
}

/** The statements of one write command, one after another, each once. */
export class WriteBatch {
  /** Of those that were done or begun. */
  readonly outcomes: (Outcome | undefined)[] = []
  private readonly retried: number[] = []
  private readonly statementId: (index: number) => number
  private next = 0
  private isOver = false
  private run: StatementRun | undefined

  constructor(
    private readonly context: CommandContext,
    private readonly args: Arguments,
    private readonly errors: WriteErrors,
    private readonly options: BatchOptions,
  ) {
    this.statementId = statementIds(args)
  }

  async execute(): Promise<void> {
    const { store } = this.context
    const limit = this.args.timeLimit()
    while (!this.isOver) {
      for (const [database, name] of this.options.ensured) {
        if (store.collection(database, name) === undefined) await store.ensureCollection(database, name)
      }
      await store.write(limit, (slice) => this.step(slice))
    }
  }

  get errorCount(): number {
    return this.errors.all.length
  }

  /** What write commands answer of their statements; undefined, and left out, where there is nothing to be told. */
  get writeErrors(): readonly Doc[] | undefined {
    return this.errors.all.length === 0 ? undefined : this.errors.all
  }

  get retriedStmtIds(): readonly number[] | undefined {
    return this.retried.length === 0 ? undefined : this.retried
  }

  /** True when nothing is left to do, or a collection must be made again that was dropped before its turn came. */
  private step(slice: Slice): boolean {
    const { store, log } = this.context
    if (this.options.ensured.some(([database, name]) => store.collection(database, name) === undefined)) return true
    log?.open()
    try {
      this.isOver = this.work(slice)
      return this.isOver
    } finally {
      log?.save()
    }
  }

  private work(slice: Slice): boolean {
    while (this.next < this.options.count) {
      try {
        if (!this.stepStatement(slice)) return false
      } catch (error) {
        this.checkFatal(error)
        this.finish(undefined)
        if (this.errors.note(this.next - 1, error) || this.context.store.transaction !== undefined) return true
      }
      if (slice.isOver()) return this.next === this.options.count
    }
    return true
  }

  /** True when the present statement is done, be it before. */
  private stepStatement(slice: Slice): boolean {
    const { log } = this.context
    const id = this.statementId(this.next)
    // Looked at in each step: somebody may have sent the same write on another connection.
    const recorded = log?.outcome(id)
    if (recorded !== undefined) {
      this.retried.push(id)
      this.finish(recorded)
      return true
    }
    if (this.run === undefined) {
      this.run = this.options.start(this.next)
      // To understand it may have taken all of the slice.
      if (slice.isOver(true)) return false
    }
    if (!this.run.step(slice)) return false
    log?.note(id, this.run.outcome)
    this.finish(this.run.outcome)
    return true
  }

  private finish(outcome: Outcome | undefined): void {
    this.outcomes[this.next] = outcome
    this.next++
    this.run = undefined
  }

  /** An error of one statement ends a transaction; one that says to try again ends it as the command's error. */
  private checkFatal(error: unknown): void {
    if (error instanceof Blocked) throw error
    const { transaction } = this.context.store
    if (transaction === undefined) return
    if (isTransient(error)) throw error
    transaction.failed = true
  }
}

/** The numbers under which statements are remembered: as the client gives them, or as they come. */
function statementIds(args: Arguments): (index: number) => number {
  const given = args.array('stmtIds')
  const first = args.count('stmtId') ?? 0
  return (index) => {
    const id = given?.[index]
    return isNumeric(id) ? toNumber(id) : first + index
  }
}
