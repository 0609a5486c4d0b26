import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../bson/errors'
import { nextTurn, pieceMs } from '../turn'

/** How long a scan, or one transaction of a long write, may keep others waiting. */
export const SLICE_MS = 5
/** Steps between two looks at the clock, at the most: while they are short. */
const STEPS_PER_LOOK_MAX = 32
/** Steps between two looks should not take longer, in milliseconds. */
const LOOK_MS = 0.5

/** A share of the process's one thread: whoever holds it works until it is over, remembers the place, and returns. */
export class Slice {
  private readonly began = performance.now()
  private readonly end = this.began + SLICE_MS
  private looked = this.began
  private stepsPerLook = 1
  private stepsLeft = 1

  /** `mustEnd`: what follows shall wait for a slice of its own. */
  constructor(private readonly mustEnd?: () => boolean) {}

  /** What came before it has taken so long that others should have their turn first. */
  get isLate(): boolean {
    return pieceMs(this.began) > SLICE_MS
  }

  /** `longSteps`: a step may take milliseconds, so that the clock is looked at after each. */
  isOver(longSteps = false): boolean {
    if (this.mustEnd?.() === true) return true
    if (--this.stepsLeft > 0 && !longSteps) return false
    const now = performance.now()
    this.stepsPerLook = now - this.looked < LOOK_MS ? Math.min(STEPS_PER_LOOK_MAX, this.stepsPerLook * 2) : 1
    this.stepsLeft = this.stepsPerLook
    this.looked = now
    return now >= this.end
  }
}

/** `maxTimeMS`: how long an operation may take in all. */
export class TimeLimit {
  private readonly end: number

  /** 0 and undefined: no limit. */
  constructor(maxTimeMs: number | undefined) {
    this.end = maxTimeMs === undefined || maxTimeMs === 0 ? Infinity : performance.now() + maxTimeMs
  }

  /** Waits for `event`, or until the time is over. */
  async race(event: Promise<void>): Promise<void> {
    if (this.end === Infinity) return event
    const settled = new AbortController()
    const timeout = sleep(Math.max(0, this.end - performance.now()) + 1, undefined, { signal: settled.signal })
    await Promise.race([event, timeout.catch(() => undefined)])
    settled.abort()
  }

  /** Throws MaxTimeMSExpired. */
  check(): void {
    if (performance.now() > this.end) throw new CommandError(50, 'MaxTimeMSExpired', 'operation exceeded time limit')
  }
}

/**
 * Runs `step` until it says that it is done, with a turn for others between slices. What is done within one slice, as
 * nearly everything is, stays synchronous.
 */
export function inSlices(limit: TimeLimit, step: (slice: Slice) => boolean): void | Promise<void> {
  const slice = new Slice()
  if (slice.isLate || !step(slice)) return continueInSlices(limit, step)
}

/** The same after a slice that was not enough. */
export async function continueInSlices(limit: TimeLimit, step: (slice: Slice) => boolean): Promise<void> {
  do {
    limit.check()
    await nextTurn()
  } while (!step(new Slice()))
}
