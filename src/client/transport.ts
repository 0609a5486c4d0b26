import type { Cancellation } from './cancellation'

/** One HTTP request, ready to be sent. */
export interface HttpRequest {
  readonly method: string
  /** Path and query, below the origin: `/api/v1/users?page=2`. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** One whole answer. */
export interface HttpAnswer {
  readonly status: number
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly text: string
}

/**
 * What carries requests: an own one may add proxies, certificates or a recording. `send` rejects when there is no whole
 * answer, and soon after it is cancelled (`cancellation.signal` says so too); an answer of any status resolves.
 */
export interface Transport {
  readonly send: (request: HttpRequest, cancellation: Cancellation) => Promise<HttpAnswer>
  /** Lets go of connections. */
  readonly close: () => Promise<void>
}

export interface TransportOptions {
  /** `https://host:port`. */
  readonly origin: string
  /** How many connections at most, where the transport keeps its own. */
  readonly connections: number
}
