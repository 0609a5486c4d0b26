import { type Clock, systemClock } from './clock'
import { isApiError } from './errors'
import { nextDelayMs } from './retry-timing'

/** How often a change is begun anew because somebody else was faster. */
export const CHANGE_ROUNDS_MAX = 10

export interface ChangeSteps<T, Patch> {
  readonly read: () => Promise<T>
  /** What to change, seen the resource as it is; undefined: nothing. It may be asked again. */
  readonly change: (current: T) => Patch | undefined | Promise<Patch | undefined>
  /** Writes on the condition that nobody has written since. */
  readonly write: (current: T, patch: Patch) => Promise<T>
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Reads, changes and writes, and begins anew when somebody else wrote in between: nobody's change is lost.
 * @throws ApiError VERSION_MISMATCH or CONFLICT when others were faster every time
 */
export async function changeInRounds<T, Patch>(steps: ChangeSteps<T, Patch>): Promise<T> {
  const { clock = systemClock, random = Math.random } = steps
  for (let round = 1; ; round += 1) {
    const current = await steps.read()
    const patch = await steps.change(current)
    if (patch === undefined) return current
    try {
      return await steps.write(current, patch)
    } catch (error) {
      if (round === CHANGE_ROUNDS_MAX || !isApiError(error, 'VERSION_MISMATCH', 'CONFLICT')) throw error
      await clock.sleep(nextDelayMs(round, undefined, random()), steps.signal)
    }
  }
}
