import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectSchema, Schema } from 'joi'
import type { ErrorCode } from '../errors'
import type { RouteLimit } from '../limits/rate-limiter'
import type { Access } from './access'
import type { Caller } from './caller'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** What a handler gets: the parts that its schemas let through, and nothing unvalidated but the headers. */
export interface Input<P = unknown, Q = unknown, B = unknown> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly headers: IncomingHttpHeaders
  /** Path and query string as the client sent them, for links that lead back to the same place. */
  readonly url: string
  readonly requestId: string
  readonly caller: Caller
  readonly client: Client
}

/** Where a request comes from. */
export interface Client {
  /** The caller's IP address: the connection's, or behind a trusted proxy the one that it names. */
  readonly address: string
  readonly userAgent: string | undefined
}

/** What a handler answers: the responder makes the envelope of it. */
export interface Reply {
  readonly status: number
  /** null where there is nothing to say. Not sent with 204 and 304. */
  readonly data: unknown
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A success that the OpenAPI document shows. `data: null` means an answer without a body. */
export interface Success {
  readonly status: number
  readonly description: string
  readonly data: Schema | null
  /** Response headers: name → description. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * One row of a router's table. The same row mounts the route, answers 405 for its neighbours and writes its entry of
 * the OpenAPI document.
 */
export interface Route {
  readonly method: Method
  /** Express path below the resource's base: '' or `/:id`. */
  readonly path: string
  /** OpenAPI operationId. */
  readonly operation: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  /**
   * The path's `id` is a user over whom the caller needs authority: 403 when that user may do more. The person itself
   * has it.
   */
  readonly rank?: boolean
  /** The person must have proved to be itself a short while ago: a stolen access token is not enough. */
  readonly stepUp?: boolean
  /** Calls from one address are counted and bounded; the answers tell how the caller stands. */
  readonly limit?: RouteLimit
  /** The answer carries a secret: nobody may store it. */
  readonly secret?: boolean
  /** Absent: no path parameters. */
  readonly params?: ObjectSchema
  /** Absent: any query parameter is refused. */
  readonly query?: ObjectSchema
  /** Absent: the route reads no body. */
  readonly body?: Schema
  /** Reads If-Match: with REQUIRE_IF_MATCH the framework answers 428 where it is absent. */
  readonly versioned?: boolean
  /** Media types that the body may have; `application/json` unless told. */
  readonly consumes?: readonly string[]
  /** Request headers that have a meaning here: name → description. */
  readonly headers?: Readonly<Record<string, string>>
  readonly successes: readonly Success[]
  /** The errors of this route's own; those that any route can give are added by the framework. */
  readonly errors: readonly ErrorCode[]
  readonly handle: (input: Input) => Promise<Reply>
}

/** Types the handler by what its schemas make of the request; the table keeps the untyped row. */
export function route<P = unknown, Q = unknown, B = unknown>(
  row: Omit<Route, 'handle'> & { readonly handle: (input: Input<P, Q, B>) => Promise<Reply> },
): Route {
  return row as Route
}

/** A router: a table of routes under `/api/v1` + base, and unversioned under the base and each alias. */
export interface Resource {
  readonly base: string
  readonly aliases?: readonly string[]
  readonly routes: readonly Route[]
}
