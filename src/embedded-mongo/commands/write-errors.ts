import type { Doc } from '../bson/doc'
import { CommandError } from '../bson/errors'

/** Statements of one write command. */
export const WRITE_BATCH_MAX = 100_000

export function checkBatchSize(count: number): void {
  if (count >= 1 && count <= WRITE_BATCH_MAX) return
  const message = `Write batch sizes must be between 1 and ${WRITE_BATCH_MAX}. Got ${count} operations.`
  throw new CommandError(16, 'InvalidLength', message)
}

/** What went wrong with single statements of a write command: `writeErrors` of its answer. */
export class WriteErrors {
  private readonly errors: Doc[] = []

  constructor(private readonly ordered: boolean) {}

  /** Notes what a statement has thrown; true when the command ends here. Anything but a CommandError is thrown again. */
  note(index: number, error: unknown): boolean {
    if (!(error instanceof CommandError)) throw error
    this.errors.push({ index, code: error.code, errmsg: error.message, ...error.extra })
    return this.ordered
  }

  get all(): readonly Doc[] {
    return this.errors
  }

  toReply(): Doc {
    return this.errors.length === 0 ? {} : { writeErrors: this.errors }
  }
}
