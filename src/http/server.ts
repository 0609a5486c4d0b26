import { randomUUID } from 'node:crypto'
import { createServer, IncomingMessage, ServerResponse, STATUS_CODES, type Server, type ServerOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Express } from 'express'
import { AppError, ERRORS, type ErrorCode } from '../errors'
import { envelope } from './envelope'
import { cutSlowReaders, type SlowReaderLimits } from './slow-readers'

const HEADER_BYTES_MAX = 16_384

/** What one client may take, in time and in connections. */
export interface ServerLimits {
  /** Time for the whole header section to arrive, in milliseconds: a slow client holds a connection no longer. */
  readonly headersTimeoutMs: number
  /** Time for the whole request, its body included, in milliseconds. */
  readonly requestTimeoutMs: number
  /** How late a client may be noticed to have used its time up, in milliseconds. */
  readonly checkMs: number
  /** How long an idle connection waits for its next request, in milliseconds. */
  readonly keepAliveTimeoutMs: number
  /** Connections at once; more are closed unanswered. A connection costs memory, and a file descriptor. */
  readonly connectionsMax: number
  readonly slowReaders: SlowReaderLimits
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkMs: 1_000,
  // Longer than common proxies' own idle time.
  keepAliveTimeoutMs: 65_000,
  connectionsMax: 10_000,
  slowReaders: { lookMs: 10_000, bytesMin: 10_240 },
}

const CODE_OF_PARSER_ERROR: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
}

/** An HTTP server whose every answer is the envelope, those to requests that never reach the app as well. */
export function createHttpServer(app: Express, baseHeaders: readonly string[], limits = SERVER_LIMITS): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: HEADER_BYTES_MAX,
      ...bornForExpress(app),
      // Node answers a missing Host header with an empty body; the app does better.
      requireHostHeader: false,
    },
    app,
  )
  server.maxConnections = limits.connectionsMax
  cutSlowReaders(server, limits.slowReaders)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, baseHeaders))
  // `Expect` other than 100-continue may be ignored; Node would answer 417 with an empty body.
  server.on('checkExpectation', app)
  return server
}

/**
 * Express gives each request and response its own prototype, and V8 from then on treats those objects as exceptions: it
 * costs more than all else that Express does. Objects that are born with the very prototype are left as they are.
 */
function bornForExpress(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  // Functions, not classes: Node's constructors are functions, and only so can `prototype` be Express's own object.
  function Request(this: IncomingMessage, ...given: ConstructorParameters<typeof IncomingMessage>): void {
    Reflect.apply(IncomingMessage as unknown as () => void, this, given)
  }
  function Response(this: ServerResponse, ...given: ConstructorParameters<typeof ServerResponse>): void {
    Reflect.apply(ServerResponse as unknown as () => void, this, given)
  }
  Request.prototype = app.request
  Response.prototype = app.response
  return {
    IncomingMessage: Request as unknown as typeof IncomingMessage,
    ServerResponse: Response as unknown as typeof ServerResponse,
  }
}

function refuse(error: NodeJS.ErrnoException, socket: Duplex, baseHeaders: readonly string[]): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(refusal(new AppError(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'BAD_REQUEST'), baseHeaders))
}

/** A whole HTTP/1.1 answer as text: there is no request, and so no response object, to write it for us. */
function refusal(error: AppError, baseHeaders: readonly string[]): string {
  const { status } = ERRORS[error.code]
  const requestId = randomUUID()
  const body = envelope(status, { code: error.code, errors: error.errors, request_id: requestId }, error.message)
  const headers = [...baseHeaders, 'X-Request-Id', requestId, 'Content-Type', 'application/json; charset=utf-8']
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  lines.push(`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body)
  return lines.join('\r\n')
}
