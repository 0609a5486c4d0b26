import { causes } from './causes'
import type { ErrorCode, FieldError } from './types.gen'

/** Which call an error belongs to. */
export interface CallFacts {
  readonly method: string
  /** Path without query: queries may hold personal data. */
  readonly path: string
  /** The X-Request-Id: the same is in the server's log. */
  readonly requestId: string
  /** How many attempts were made, this one included. */
  readonly attempts: number
  /** An attempt before this one may have taken effect although its answer was lost. */
  readonly repeated: boolean
}

// Names are texts, not the classes' own: bundlers shorten those, and who looks at errors looks at their names.

/** Everything that the client itself rejects with, but for an abort: that is the reason of the caller's signal. */
export abstract class RollcallError extends Error implements CallFacts {
  readonly method: string
  readonly path: string
  readonly requestId: string
  readonly attempts: number
  readonly repeated: boolean

  constructor(message: string, call: CallFacts, cause?: unknown) {
    super(`${message} (${call.method} ${call.path})`, cause === undefined ? undefined : { cause })
    this.method = call.method
    this.path = call.path
    this.requestId = call.requestId
    this.attempts = call.attempts
    this.repeated = call.repeated
  }
}

export interface Failure {
  readonly status: number
  /** The service's code, or `HTTP_<status>` where somebody else answered, a proxy for instance. */
  readonly code: ErrorCode | (string & {})
  readonly message: string
  readonly errors: readonly FieldError[]
  /** What Retry-After asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** The server has answered, and the answer is no. */
export class ApiError extends RollcallError implements Failure {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: Failure['code']
  /** The server's own sentence, without what `message` adds to it. */
  readonly reason: string
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | undefined

  constructor(failure: Failure, call: CallFacts) {
    super(`${failure.status} ${failure.code}: ${described(failure)}`, call)
    this.status = failure.status
    this.code = failure.code
    this.reason = failure.message
    this.errors = failure.errors
    this.retryAfterMs = failure.retryAfterMs
  }
}

function described({ message, errors }: Failure): string {
  return errors.length === 0 ? message : `${message}: ${errors.map((error) => error.message).join('; ')}`
}

/** There was no whole answer: nobody listens, the connection broke, the name is not known. */
export class NetworkError extends RollcallError {
  override readonly name = 'NetworkError'
  /** The system's code: ECONNREFUSED, ECONNRESET, … */
  readonly code: string

  constructor(call: CallFacts, cause: unknown) {
    const code = codeOf(cause)
    super(`The server cannot be reached: ${code}`, call, cause)
    this.code = code
  }
}

/** The attempt took longer than it may. */
export class TimeoutError extends RollcallError {
  override readonly name = 'TimeoutError'
  readonly code = 'TIMEOUT'
  readonly timeoutMs: number

  constructor(call: CallFacts, timeoutMs: number) {
    super(`No answer within ${Math.round(timeoutMs)} ms`, call)
    this.timeoutMs = timeoutMs
  }
}

/** The server said yes, but not in the form that it promises. Doing it again would not help. */
export class UnexpectedAnswerError extends RollcallError {
  override readonly name = 'UnexpectedAnswerError'
  readonly code = 'UNEXPECTED_ANSWER'
}

/** The server accepted the change, and what it shows does not follow within the deadline. */
export class NotConfirmedError extends Error {
  override readonly name = 'NotConfirmedError'
  readonly code = 'NOT_CONFIRMED'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
  }
}

/** A list showed less than it says that it holds, or does not come to an end. */
export class IncompleteListError extends Error {
  override readonly name = 'IncompleteListError'
  readonly code = 'INCOMPLETE_LIST'
}

/** Whether the server answered with one of these codes: `isApiError(error, 'EMAIL_TAKEN')`. */
export function isApiError(error: unknown, ...codes: readonly ErrorCode[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || (codes as readonly string[]).includes(error.code))
}

/** The code of an error or of what caused it; its name where there is none. */
function codeOf(error: unknown): string {
  for (const { code } of causes(error)) if (typeof code === 'string') return code
  return error instanceof Error ? error.name : 'UNKNOWN'
}
