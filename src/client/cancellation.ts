/**
 * The end of a request that takes too long, or that nobody wants any more. It is no AbortSignal, since that costs as much
 * as all else that the client does for a request; who needs one finds it here.
 */
export class Cancellation {
  #cancelled = false
  #reason: unknown
  #listener: ((reason: unknown) => void) | undefined
  #controller: AbortController | undefined

  get cancelled(): boolean {
    return this.#cancelled
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#cancelled) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Calls the listener once, with the reason: at once when that has happened. There is one listener, the latest. */
  onCancel(listener: (reason: unknown) => void): void {
    if (this.#cancelled) listener(this.#reason)
    else this.#listener = listener
  }

  cancel(reason: unknown): void {
    if (this.#cancelled) return
    this.#cancelled = true
    this.#reason = reason
    this.#listener?.(reason)
    this.#controller?.abort(reason)
  }
}
