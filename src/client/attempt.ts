import { Cancellation } from './cancellation'
import { type CallFacts, NetworkError, TimeoutError } from './errors'
import { onAbort } from './on-abort'
import type { HttpAnswer, HttpRequest, Transport } from './transport'

const TIMED_OUT = new Error('Timed out')

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
  const cancellation = new Cancellation()
  const timer = setTimeout(() => cancellation.cancel(TIMED_OUT), timeoutMs)
  const listenNoMore = onAbort(outer, () => cancellation.cancel(outer?.reason))
  try {
    return await transport.send(request, cancellation)
  } catch (error) {
    if (outer?.aborted) throw outer.reason
    throw cancellation.cancelled ? new TimeoutError(call, timeoutMs) : new NetworkError(call, error)
  } finally {
    clearTimeout(timer)
    listenNoMore()
  }
}
