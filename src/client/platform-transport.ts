import { type Dispatcher, Pool } from 'undici'
import type { Cancellation } from './cancellation'
import type { HttpAnswer, Transport, TransportOptions } from './transport'

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** In Node: a pool of connections that are kept alive. Time-outs are the caller's, by the cancellation. */
export function platformTransport({ origin, connections }: TransportOptions): Transport {
  const pool = new Pool(origin, {
    connections,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: ANSWER_BYTES_MAX,
  })
  return {
    send: ({ method, target, headers, body }, cancellation) =>
      new Promise((resolve, reject) => {
        const request = { method, path: target, headers, body: body ?? null }
        pool.dispatch(request, new AnswerReader(resolve, reject, cancellation))
      }),
    close: () => pool.destroy(),
  }
}

const UTF8 = new TextDecoder()

/** Puts an answer together. `pool.request` would make streams and signals of it, which cost more than the answer. */
class AnswerReader implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Readonly<Record<string, string | string[] | undefined>> = {}
  readonly #chunks: Buffer[] = []

  constructor(
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (error: unknown) => void,
    private readonly cancellation: Cancellation,
  ) {
    // It may not be on a connection yet: then nobody waits for one on its behalf.
    cancellation.onCancel((reason) => {
      reject(reason)
      this.#controller?.abort(reason as Error)
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.cancellation.cancelled) controller.abort(new Error('Cancelled'))
  }

  /** For each part of a header section: the last is that of the answer, after what 1xx foretold. */
  onResponseStart(_: unknown, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [headers, chunks] = [this.#headers, this.#chunks]
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    this.resolve({
      status: this.#status,
      header: (name) => {
        const value = headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      text: UTF8.decode(bytes),
    })
  }

  onResponseError(_: unknown, error: Error): void {
    this.reject(error)
  }
}
