import { ApiError, type CallFacts, type Failure, NetworkError, UnexpectedAnswerError } from './errors'
import { readRetryAfter } from './retry-timing'
import type { HttpAnswer } from './transport'
import type { FieldError } from './types.gen'

/** envelope: `{data, message, status_code}` around everything. plain: the body is the data. */
export type AnswerStyle = 'envelope' | 'plain'

const CUT = 'ANSWER_CUT'
const ERRORS_FROM = 400
const NO_CONTENT = 204
const NOT_MODIFIED = 304

/**
 * What the answer holds: its data, null where it has no body. An answer that was cut is no answer: somebody on the way
 * lost the rest of it, and it may come whole the next time.
 * @throws ApiError, NetworkError, UnexpectedAnswerError
 */
export function readAnswer(answer: HttpAnswer, style: AnswerStyle, call: CallFacts, nowMs: number): unknown {
  const { status, text } = answer
  const body = text === '' ? undefined : parsed(text)
  if (isCut(answer, body)) throw new NetworkError(call, Object.assign(new Error('The answer was cut'), { code: CUT }))
  if (status >= ERRORS_FROM) throw new ApiError(readFailure(answer, body, nowMs), call)
  if (status === NOT_MODIFIED || status === NO_CONTENT) return null
  if (status < 200 || status >= 300) throw new UnexpectedAnswerError(`Status ${status} leads elsewhere`, call)
  if (style === 'plain' && text === '') return null
  if (body === undefined) throw new UnexpectedAnswerError('The answer is not JSON', call)
  if (style === 'plain') return body
  if (!isObject(body) || !('data' in body) || body['status_code'] !== status) {
    throw new UnexpectedAnswerError('The answer has no envelope: is this the right base URL?', call)
  }
  return body['data']
}

/** It says that it is JSON, and ends before its JSON does. */
function isCut({ header, text }: HttpAnswer, body: unknown): boolean {
  return body === undefined && text !== '' && /\bjson\b/i.test(header('content-type') ?? '')
}

function readFailure({ status, header }: HttpAnswer, body: unknown, nowMs: number): Failure {
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
