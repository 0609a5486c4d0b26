import { ERRORS, type ErrorCode, type FieldError } from '../errors'
import type { Route } from '../http/route'
import { accessErrors } from './security'

type Json = Record<string, unknown>

const EXAMPLE_ID = '0f8f1d0e-5a3c-4b52-9d0a-2f8f5f2f7c11'

const EXAMPLE_PROBLEM: Partial<Record<ErrorCode, FieldError>> = {
  VALIDATION_FAILED: { field: 'email', code: 'string.email', message: 'email must be a valid email' },
}

const RETRY: readonly ErrorCode[] = ['SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'ACCOUNT_LOCKED']

/** The shared parts: the schema of a failure, and one example for each code of the error table. */
export function errorComponents(statusOf: (code: ErrorCode) => number) {
  const codes = Object.keys(ERRORS) as readonly ErrorCode[]
  return {
    schemas: { Failure: FAILURE_SCHEMA, FieldError: FIELD_ERROR_SCHEMA },
    examples: Object.fromEntries(codes.map((code) => [code, errorExample(code, statusOf(code))])),
  }
}

function errorExample(code: ErrorCode, status: number): Json {
  const { message } = ERRORS[code]
  const problem = EXAMPLE_PROBLEM[code]
  const data = { code, errors: problem ? [problem] : [], request_id: EXAMPLE_ID }
  return { summary: message, value: { data, message, status_code: status } }
}

const FIELD_ERROR_SCHEMA: Json = {
  type: 'object',
  required: ['field', 'code', 'message'],
  additionalProperties: false,
  properties: {
    field: { type: 'string', description: 'Dotted path of the field; empty for the whole', examples: ['email'] },
    code: { type: 'string', description: 'What is wrong, for programs', examples: ['string.email'] },
    message: { type: 'string', description: 'What is wrong, for people. It never repeats a secret value' },
  },
}

const FAILURE_SCHEMA: Json = {
  type: 'object',
  required: ['data', 'message', 'status_code'],
  additionalProperties: false,
  properties: {
    data: {
      type: 'object',
      required: ['code', 'errors', 'request_id'],
      additionalProperties: false,
      properties: {
        code: { type: 'string', enum: Object.keys(ERRORS), description: 'Stable: programs decide by it' },
        errors: {
          type: 'array',
          items: { $ref: '#/components/schemas/FieldError' },
          description: 'Every problem of the request, not the first alone',
        },
        request_id: { type: 'string', description: 'The same id is in the X-Request-Id header and in the log' },
      },
    },
    message: { type: 'string' },
    status_code: { type: 'integer' },
  },
}

/** A row's failures by status: its own, and those that any route of its kind can give. */
export function errorResponses(
  row: Route,
  { validationStatus, requireIfMatch }: { readonly validationStatus: number; readonly requireIfMatch: boolean },
): Json {
  const statusOf = (code: ErrorCode) => (code === 'VALIDATION_FAILED' ? validationStatus : ERRORS[code].status)
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codesOf(row, requireIfMatch)) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, responseOf(codes)]))
}

function codesOf(row: Route, requireIfMatch: boolean): ReadonlySet<ErrorCode> {
  const body: readonly ErrorCode[] = ['MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']
  return new Set<ErrorCode>([
    'VALIDATION_FAILED',
    ...(row.body ? body : []),
    ...accessErrors(row),
    ...row.errors,
    ...(row.versioned ? (['VERSION_MISMATCH'] as const) : []),
    ...(row.versioned && requireIfMatch ? (['PRECONDITION_REQUIRED'] as const) : []),
    ...(row.limit ? (['RATE_LIMITED'] as const) : []),
    'INTERNAL_ERROR',
    'SERVICE_UNAVAILABLE',
  ])
}

function responseOf(codes: readonly ErrorCode[]): Json {
  const retry = codes.some((code) => RETRY.includes(code))
  return {
    description: codes.map((code) => `${code}: ${ERRORS[code].message}`).join('. '),
    headers: {
      'X-Request-Id': { description: 'The id of the request, as in the log', schema: { type: 'string' } },
      ...(retry ? { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } } } : {}),
    },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Failure' },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  }
}
