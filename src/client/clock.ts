import { onAbort } from './on-abort'

/** Time, from outside: tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970 that never go back. */
  readonly now: () => number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const listenNoMore = onAbort(signal, () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      })
      const timer = setTimeout(() => {
        listenNoMore()
        resolve()
      }, ms)
    }),
}
