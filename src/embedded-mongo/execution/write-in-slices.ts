import { Blocked } from '../storage/blocked'
import type { Environment } from '../storage/environment'
import { Slice } from './slice'
import type { TimeLimit } from './slice'

/**
 * Runs `step` in write transactions of the store, one per slice, until it says that it is done. Then all of it is on
 * disk. Where it meets what a client's transaction has changed it waits for that one's end, and goes on where it was.
 */
export async function writeInSlices(
  environment: Environment,
  limit: TimeLimit,
  step: (slice: Slice) => boolean,
): Promise<void> {
  for (;;) {
    try {
      if (await environment.write(() => step(new Slice(() => environment.isOwing)))) return
    } catch (error) {
      if (!(error instanceof Blocked)) throw error
      await limit.race(error.released)
    }
    limit.check()
  }
}
