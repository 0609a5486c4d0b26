import { isTransient } from '../client/transient'
import { isApiError } from '../client/errors'

/** How long what is at work at an interruption has to come to its end. */
const GRACE_MS = 10_000
const AT_ONCE = 8

export interface Outcome<T, R> {
  readonly item: T
  readonly result?: R
  readonly error?: unknown
}

export interface ManyOptions<T, R> {
  readonly signal: AbortSignal
  /** `signal` here aborts later than the one outside: what was begun is not left half done. */
  readonly work: (item: T, signal: AbortSignal) => Promise<R>
  readonly onOutcome: (outcome: Outcome<T, R>) => void
  /** Whether the rest is worth trying after an error. */
  readonly goesOn: (error: unknown) => boolean
  readonly graceMs?: number
  readonly atOnce?: number
}

/**
 * Works on many things, several at once. After an interruption, or an error that ends it, nothing new is begun and what was
 * begun comes to its end: each thing is done or not, and `onOutcome` has told which. Resolves with the error that ended it.
 */
export async function overMany<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  { signal, work, onOutcome, goesOn, graceMs = GRACE_MS, atOnce = AT_ONCE }: ManyOptions<T, R>,
): Promise<Error | undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  const late = lateSignal(signal, graceMs)
  let ending: Error | undefined
  const isOver = () => signal.aborted || ending !== undefined
  const worker = async () => {
    while (!isOver()) {
      const next = await source.next()
      if (next.done) return
      if (isOver()) return
      const item = next.value
      const outcome = await work(item, late.signal).then(
        (result): Outcome<T, R> => ({ item, result }),
        (error: unknown): Outcome<T, R> => ({ item, error }),
      )
      onOutcome(outcome)
      if (outcome.error !== undefined && !goesOn(outcome.error)) ending ??= outcome.error as Error
    }
  }
  try {
    const workers = await Promise.allSettled(Array.from({ length: atOnce }, worker))
    for (const one of workers) if (one.status === 'rejected') ending ??= one.reason as Error
    return ending
  } finally {
    late.close()
    await source.return?.()
  }
}

/** Aborts so much later than the signal that it is given. */
function lateSignal(signal: AbortSignal, graceMs: number) {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => (timer = setTimeout(() => late.abort(signal.reason), graceMs))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: late.signal,
    close: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

/** What concerns one thing alone; not: nobody answers, or the caller may not. */
export function concernsOneAlone(error: unknown): boolean {
  return isApiError(error) && !isTransient(error) && error.status !== 401 && error.status !== 403
}
