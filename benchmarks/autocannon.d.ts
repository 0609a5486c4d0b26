// The part of autocannon 9 that the benchmarks use; it brings no types.
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  interface Request {
    method?: string
    path?: string
    headers?: Record<string, string>
    body?: string | undefined
  }
  interface Options {
    url: string
    connections: number
    duration?: number
    amount?: number
    requests: { setupRequest: (request: Request) => Request }[]
  }
  interface Result {
    errors: number
    timeouts: number
    non2xx: number
  }
  interface Instance extends EventEmitter, PromiseLike<Result> {
    on(event: 'response', listener: (client: unknown, status: number, bytes: number, ms: number) => void): this
  }
  export default function autocannon(options: Options): Instance
}
