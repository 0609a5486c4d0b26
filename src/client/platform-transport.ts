import { Pool } from 'undici'
import type { Transport, TransportOptions } from './transport'

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** In Node: a pool of connections that are kept alive. Time-outs are the caller's, by the signal. */
export function platformTransport({ origin, connections }: TransportOptions): Transport {
  const pool = new Pool(origin, {
    connections,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: ANSWER_BYTES_MAX,
  })
  return {
    send: async ({ method, target, headers, body }, signal) => {
      const response = await pool.request({
        method,
        path: target,
        headers: headers as Record<string, string>,
        body: body ?? null,
        signal,
      })
      const { headers: received } = response
      return {
        status: response.statusCode,
        header: (name) => {
          const value = received[name]
          return Array.isArray(value) ? value.join(', ') : value
        },
        text: await response.body.text(),
      }
    },
    close: () => pool.destroy(),
  }
}
