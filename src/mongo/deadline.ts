import { AppError } from '../errors'

/** What a client is told to wait after a 503. */
export const RETRY_AFTER_S = 1

export function serviceUnavailable(cause: unknown): AppError {
  return new AppError('SERVICE_UNAVAILABLE', { cause, headers: { 'Retry-After': String(RETRY_AFTER_S) } })
}

/**
 * Work that answers late has failed for the caller: after `ms` milliseconds the promise ends as SERVICE_UNAVAILABLE.
 * The driver's own `timeoutMS` does not bound a server that accepts and stays silent, and a socket timeout kills the
 * connection under long work as well; so the deadline is here. The work itself goes on; what it yields is dropped.
 */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(serviceUnavailable(new Error(`MongoDB gave no answer in ${ms} ms`))), ms)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
