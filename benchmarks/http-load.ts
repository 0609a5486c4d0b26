import autocannon from 'autocannon'
import type { Sample } from './window'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Keeps every connection busy for so long: each sends its next request when it has its answer. */
export async function httpLoad(
  url: string,
  connections: number,
  bounds: { readonly seconds: number } | { readonly amount: number },
  makeCall: () => Call,
): Promise<Sample> {
  const times: number[] = []
  const setupRequest = (request: object) => {
    const { method, path, body, headers = {} } = makeCall()
    if (body === undefined) return { ...request, method, path, headers: { ...headers }, body: undefined }
    const typed = { ...headers, 'content-type': 'application/json' }
    return { ...request, method, path, headers: typed, body: JSON.stringify(body) }
  }
  const extent = 'amount' in bounds ? { amount: bounds.amount } : { duration: bounds.seconds }
  const run = autocannon({ url, connections, ...extent, requests: [{ setupRequest }] })
  run.on('response', (_client, status, _bytes, ms) => {
    if (status >= 200 && status < 300) times.push(ms)
  })
  const { errors, timeouts, non2xx } = await run
  return { times, errors: errors + timeouts + non2xx }
}
