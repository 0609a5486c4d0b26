import type { Freshness, RevocationSource } from './revocation'

/** How often a process asks what has changed. */
export const POLL_EVERY_MS = 300
/** How long copies are believed after the last question that was answered. Changes act within a second everywhere. */
export const FRESH_MS = 900
/** How far back each question reaches: what processes' clocks and slow writes may differ by. */
export const WINDOW_MS = 10_000
/** After a longer silence a change may have left the window unseen. */
const SILENCE_MS_MAX = 5_000
/** Nobody has asked for copies for so long: then nobody needs to be asked about them. */
const IDLE_MS = 5_000

export interface RevocationWatchOptions {
  readonly clock: () => Date
  /** Told once when asking begins to fail, and once when it works again. */
  readonly onTrouble?: (error: unknown) => void
  readonly monotonicMs?: () => number
  readonly setTimer?: (work: () => void, ms: number) => { unref?(): unknown }
}

/**
 * Asks all sources in turn what has changed, and has them drop it. It runs while somebody asks `isFresh`, and sleeps
 * otherwise; waking up, it drops everything.
 */
export class RevocationWatch implements Freshness {
  private readonly sources: RevocationSource[] = []
  private readonly now: () => number
  private running = false
  private closed = false
  private failing = false
  private askedAt = 0
  private freshSince = Number.NEGATIVE_INFINITY

  constructor(private readonly options: RevocationWatchOptions) {
    this.now = options.monotonicMs ?? (() => performance.now())
  }

  add(source: RevocationSource): void {
    this.sources.push(source)
    // It was not asked yet.
    this.freshSince = Number.NEGATIVE_INFINITY
  }

  isFresh(): boolean {
    const now = this.now()
    this.askedAt = now
    if (!this.running && !this.closed) {
      this.running = true
      void this.poll()
    }
    return now - this.freshSince <= FRESH_MS
  }

  /** No question after this one. */
  close(): void {
    this.closed = true
    this.freshSince = Number.NEGATIVE_INFINITY
  }

  private async poll(): Promise<void> {
    const begunAt = this.now()
    try {
      await this.ask(begunAt)
      this.failing = false
    } catch (error) {
      if (!this.failing && !this.closed) this.options.onTrouble?.(error)
      this.failing = true
    }
    if (this.closed || this.now() - this.askedAt > IDLE_MS) this.running = false
    else this.later(Math.max(0, begunAt + POLL_EVERY_MS - this.now()))
  }

  private async ask(begunAt: number): Promise<void> {
    const since = new Date(this.options.clock().getTime() - WINDOW_MS)
    const silent = begunAt - this.freshSince > SILENCE_MS_MAX
    const asked = [...this.sources]
    const answers = await Promise.allSettled(asked.map(async (source) => source.changedSince(since)))
    // Whoever answered drops what it told, also when another one failed: a change may be told but once.
    asked.forEach((source, at) => {
      const answer = answers[at]
      if (answer?.status === 'fulfilled') source.drop(silent ? 'all' : answer.value)
    })
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed) throw failed.reason
    if (!this.closed && asked.length === this.sources.length) this.freshSince = begunAt
  }

  private later(ms: number): void {
    const setTimer = this.options.setTimer ?? setTimeout
    setTimer(() => void this.poll(), ms).unref?.()
  }
}
