import type { Environment } from '../storage/environment'
import { Slice } from './slice'
import type { TimeLimit } from './slice'

/** Runs `step` in write transactions, one per slice, until it says that it is done. Then all of it is on disk. */
export async function writeInSlices(
  environment: Environment,
  limit: TimeLimit,
  step: (slice: Slice) => boolean,
): Promise<void> {
  while (!(await environment.write(() => step(new Slice())))) limit.check()
}
