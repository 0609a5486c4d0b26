import { ApiError, type CallFacts, type Failure, UnexpectedAnswerError } from './errors'
import { readRetryAfter } from './retry-timing'
import type { HttpAnswer } from './transport'
import type { FieldError } from './types.gen'

/** envelope: `{data, message, status_code}` around everything. plain: the body is the data. */
export type AnswerStyle = 'envelope' | 'plain'

const ERRORS_FROM = 400
const NOT_MODIFIED = 304

/**
 * What the answer holds: its data, null where it has no body.
 * @throws ApiError, UnexpectedAnswerError
 */
export function readAnswer(answer: HttpAnswer, style: AnswerStyle, call: CallFacts, nowMs: number): unknown {
  const { status, text } = answer
  if (status >= ERRORS_FROM) throw new ApiError(readFailure(answer, nowMs), call)
  if (status === NOT_MODIFIED) return null
  if (status < 200 || status >= 300) throw new UnexpectedAnswerError(`Status ${status} leads elsewhere`, call)
  if (text === '') return null
  const body = parsed(text)
  if (body === undefined) throw new UnexpectedAnswerError('The answer is not JSON', call)
  if (style === 'plain') return body
  if (!isObject(body) || !('data' in body) || body['status_code'] !== status) {
    throw new UnexpectedAnswerError('The answer has no envelope: is this the right base URL?', call)
  }
  return body['data']
}

function readFailure({ status, header, text }: HttpAnswer, nowMs: number): Failure {
  const body = parsed(text)
  const data = isObject(body) && isObject(body['data']) ? body['data'] : undefined
  const message = isObject(body) ? body['message'] : body
  return {
    status,
    code: typeof data?.['code'] === 'string' ? data['code'] : `HTTP_${status}`,
    message: typeof message === 'string' && message !== '' ? message : `The server answered ${status}`,
    errors: Array.isArray(data?.['errors']) ? (data['errors'] as readonly FieldError[]) : [],
    retryAfterMs: readRetryAfter(header('retry-after'), nowMs),
  }
}

/** undefined: not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
