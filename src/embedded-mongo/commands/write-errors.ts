import type { Doc } from '../bson/doc'
import { boundedSize } from '../bson/bounded-size'
import { CommandError } from '../bson/errors'

/** Statements of one write command. */
export const WRITE_BATCH_MAX = 100_000

/** Beyond it errors have numbers and codes alone, as in MongoDB: an answer must fit a message. */
const TOLD_BYTES_MAX = 1_024 * 1_024

export function checkBatchSize(count: number): void {
  if (count >= 1 && count <= WRITE_BATCH_MAX) return
  const message = `Write batch sizes must be between 1 and ${WRITE_BATCH_MAX}. Got ${count} operations.`
  throw new CommandError(16, 'InvalidLength', message)
}

/** What went wrong with single statements of a write command. */
export class WriteErrors {
  private readonly errors: Doc[] = []
  private bytes = 0

  constructor(private readonly ordered: boolean) {}

  /** Notes what a statement has thrown; true when the command ends here. Anything but a CommandError is thrown again. */
  note(index: number, error: unknown): boolean {
    if (!(error instanceof CommandError)) throw error
    const told = this.bytes < TOLD_BYTES_MAX ? { errmsg: error.message, ...error.extra } : { errmsg: '' }
    this.bytes += boundedSize(told, Number.MAX_SAFE_INTEGER)
    this.errors.push({ index, code: error.code, ...told })
    return this.ordered
  }

  get all(): readonly Doc[] {
    return this.errors
  }
}
