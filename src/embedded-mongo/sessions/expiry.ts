import type { Environment } from '../storage/environment'
import type { WriteRecords } from './write-record'

/** With more records than this they live half as long. */
const RECORDS_CROWDED = 100_000
/** MongoDB's default of localLogicalSessionTimeoutMinutes. */
const SESSION_MS = 30 * 60 * 1_000
const SWEEP_INTERVAL_MS = 60_000
/** Records that one transaction of the store looks at. */
const CHUNK_RECORDS = 1_000

interface ExpiringSessions {
  readonly environment: Environment
  readonly records: WriteRecords
}

/** Removes what is known of sessions that nobody has written in as long as sessions live. */
export class SessionExpiry {
  private readonly timer: NodeJS.Timeout
  private sweep: Promise<void> | undefined

  constructor(
    private readonly engine: ExpiringSessions,
    onFault: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => {
      this.sweep ??= this.run(Date.now())
        .catch(onFault)
        .finally(() => (this.sweep = undefined))
    }, SWEEP_INTERVAL_MS)
    this.timer.unref()
  }

  /** One look at all records. */
  async run(now: number): Promise<void> {
    const { environment, records } = this.engine
    let after: Buffer | undefined
    for (;;) {
      const chunk = records.list(after, CHUNK_RECORDS)
      const crowded = records.count > RECORDS_CROWDED
      const expired = chunk.filter(({ at }) => at < now - SESSION_MS / (crowded ? 2 : 1))
      if (expired.length > 0) await environment.write(() => records.remove(expired))
      if (chunk.length < CHUNK_RECORDS) return
      after = chunk.at(-1)?.key
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.sweep
  }
}
