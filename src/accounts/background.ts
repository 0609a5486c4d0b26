import type { Logger } from 'winston'

/** Work that waits or runs; beyond it the next is dropped, and the log says so. */
const TASKS_MAX = 1_000

/**
 * Work that goes on behind an answer, so that how long it takes, and whether there was any, cannot be told from the
 * answer's time.
 */
export class Background {
  private readonly tasks = new Set<Promise<void>>()

  constructor(private readonly logger: Logger) {}

  /** @param name says in the log what failed. */
  run(name: string, work: () => Promise<void> | void): void {
    if (this.tasks.size >= TASKS_MAX) {
      this.logger.error('Too much waits behind answers already: dropped', { task: name })
      return
    }
    const task: Promise<void> = nextTurn()
      .then(work)
      .catch((error: unknown) => void this.logger.error('Work behind an answer failed', { task: name, error }))
      .finally(() => this.tasks.delete(task))
    this.tasks.add(task)
  }

  /** Resolves when nothing runs any more. */
  async settle(): Promise<void> {
    while (this.tasks.size > 0) await Promise.all(this.tasks)
  }
}

/** The answer is on its way by then. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
