import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Logger } from 'winston'
import { AppError, ERRORS } from '../errors'
import { contextOf } from './context'
import type { Failure } from './envelope'
import type { Respond } from './responder'
import type { Reply } from './route'

export interface ErrorHandlerSettings {
  readonly respond: Respond
  readonly logger: Logger
  readonly validationStatus: number
  /** Turns errors of the store into ours; any other passes through. */
  readonly translate: (error: unknown) => unknown
}

/** The one place where errors become answers, and where they are logged, once. */
export function errorHandler(settings: ErrorHandlerSettings): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, req, res, _next) => {
    const error = toAppError(settings.translate(thrown))
    const { requestId, route } = contextOf(res)
    log(settings.logger, error, { request_id: requestId, method: req.method, route })
    if (res.headersSent) {
      // Half an answer is out: only breaking the connection tells the client that it is not whole.
      res.destroy()
      return
    }
    settings.respond(req, res, failureReply(error, requestId, settings.validationStatus))
  }
}

/** The answer that tells of an error. */
export function failureReply(error: AppError, requestId: string, validationStatus: number): Reply {
  const data: Failure = { code: error.code, errors: error.errors, request_id: requestId }
  return { status: statusOf(error, validationStatus), data, message: error.message, headers: error.headers }
}

export const routeNotFound: RequestHandler = () => {
  throw new AppError('ROUTE_NOT_FOUND')
}

export function statusOf(error: AppError, validationStatus: number): number {
  return error.code === 'VALIDATION_FAILED' ? validationStatus : ERRORS[error.code].status
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  // A path with a malformed % escape names nothing that exists.
  if (error instanceof URIError) return new AppError('ROUTE_NOT_FOUND', { cause: error })
  return new AppError('INTERNAL_ERROR', { cause: error })
}

/** What the client did wrong is its own business; what we could not do is ours. */
function log(logger: Logger, error: AppError, request: Readonly<Record<string, unknown>>): void {
  if (error.code === 'INTERNAL_ERROR') logger.error('Unexpected error', { ...request, error: error.cause ?? error })
  else if (error.code === 'SERVICE_UNAVAILABLE') logger.warn('Service unavailable', { ...request, error: error.cause })
}
