import { withDeadline } from './deadline'
import { toServiceError } from './mongo-errors'

/**
 * A call to the store as every DAO makes it: bounded in time, in milliseconds, and with the driver's errors of network
 * and time as SERVICE_UNAVAILABLE. Any other error passes.
 */
export async function storeCall<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  try {
    return await withDeadline(work, deadlineMs)
  } catch (error) {
    throw toServiceError(error)
  }
}
