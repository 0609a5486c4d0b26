import { type CallFacts, NetworkError, TimeoutError } from './errors'
import { onAbort } from './on-abort'
import type { HttpAnswer, HttpRequest, Transport } from './transport'

const TIMED_OUT = Symbol('timed out')

/**
 * Sends a request once, and waits for the whole answer no longer than `timeoutMs`.
 * @throws TimeoutError, NetworkError, or the reason of the caller's signal
 */
export async function sendOnce(
  transport: Transport,
  request: HttpRequest,
  call: CallFacts,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<HttpAnswer> {
  outer?.throwIfAborted()
  const inner = new AbortController()
  const timer = setTimeout(() => inner.abort(TIMED_OUT), timeoutMs)
  const listenNoMore = onAbort(outer, () => inner.abort(outer?.reason))
  try {
    return await transport.send(request, inner.signal)
  } catch (error) {
    if (outer?.aborted) throw outer.reason
    throw inner.signal.aborted ? new TimeoutError(call, timeoutMs) : new NetworkError(call, error)
  } finally {
    clearTimeout(timer)
    listenNoMore()
  }
}
