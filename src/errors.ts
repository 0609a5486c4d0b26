/**
 * Every error that a client can be told of, in one table: code → status and default message.
 * No status stands anywhere else. The documentation and the OpenAPI document are made from it.
 */
export const ERRORS = {
  VALIDATION_FAILED: { status: 400, message: 'Validation failed' },
  MALFORMED_JSON: { status: 400, message: 'The request body is not valid JSON' },
  BAD_REQUEST: { status: 400, message: 'The request is not valid HTTP' },
  TOKEN_INVALID: { status: 400, message: 'This link or code is not valid, or no longer' },
  UNAUTHENTICATED: { status: 401, message: 'This call needs a valid access token or API key' },
  MFA_REQUIRED: { status: 401, message: 'This account also asks for a code of its authenticator' },
  STEP_UP_REQUIRED: { status: 401, message: 'This call needs a fresh proof of who calls: POST /auth/step-up' },
  FORBIDDEN: { status: 403, message: 'This call is not allowed' },
  USER_NOT_FOUND: { status: 404, message: 'User not found' },
  SESSION_NOT_FOUND: { status: 404, message: 'Session not found' },
  API_KEY_NOT_FOUND: { status: 404, message: 'API key not found' },
  ROLE_NOT_FOUND: { status: 404, message: 'Role not found' },
  ROUTE_NOT_FOUND: { status: 404, message: 'No such route' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This route does not know this method' },
  REQUEST_TIMEOUT: { status: 408, message: 'The request took too long to arrive' },
  EMAIL_TAKEN: { status: 409, message: 'This e-mail address is already in use' },
  ROLE_TAKEN: { status: 409, message: 'A role of this name exists already' },
  ROLE_IN_USE: { status: 409, message: 'Users still hold this role; force=true takes it from them' },
  SYSTEM_ROLE: { status: 409, message: 'System roles cannot be deleted or renamed' },
  LAST_ADMIN: { status: 409, message: 'The last active administrator must remain' },
  MFA_ACTIVE: { status: 409, message: 'An authenticator is active already' },
  MFA_NOT_ACTIVE: { status: 409, message: 'No authenticator is active' },
  SETUP_DONE: { status: 409, message: 'The service has an administrator already' },
  API_KEY_LIMIT: { status: 409, message: 'A person has at most 100 API keys; revoke one first' },
  CONFLICT: { status: 409, message: 'Too many changes at once; try again' },
  VERSION_MISMATCH: { status: 412, message: 'The resource has changed: its version is not the one in If-Match' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The request body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The request body must be JSON' },
  PRECONDITION_REQUIRED: { status: 428, message: 'This call needs an If-Match header' },
  RATE_LIMITED: { status: 429, message: 'Too many requests; try again later' },
  ACCOUNT_LOCKED: { status: 429, message: 'Too many failed attempts; try again later' },
  HEADERS_TOO_LARGE: { status: 431, message: 'The address and the headers of the request are too long' },
  INTERNAL_ERROR: { status: 500, message: 'Internal error' },
  SERVICE_UNAVAILABLE: { status: 503, message: 'The service cannot answer now; try again' },
} as const satisfies Record<string, { status: number; message: string }>

export type ErrorCode = keyof typeof ERRORS

/** One problem with one field. `field` is a dotted path, '' for the body as a whole; `code` is joi's or ours. */
export interface FieldError {
  readonly field: string
  readonly code: string
  readonly message: string
}

export interface AppErrorOptions {
  /** Replaces the table's message. It goes to the client: no secret, no internals. */
  readonly message?: string
  readonly errors?: readonly FieldError[]
  /** Response headers that belong to the error: Allow, Retry-After. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the log alone. */
  readonly cause?: unknown
}

/** An error that is meant for the client. Anything else that is thrown is INTERNAL_ERROR, opaque outside. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.errors = options.errors ?? []
    this.headers = options.headers ?? {}
  }
}

export class ValidationError extends AppError {
  constructor(errors: readonly FieldError[]) {
    super('VALIDATION_FAILED', { errors })
  }
}

export class UserNotFoundError extends AppError {
  constructor() {
    super('USER_NOT_FOUND')
  }
}

export class RoleNotFoundError extends AppError {
  constructor() {
    super('ROLE_NOT_FOUND')
  }
}

export class EmailTakenError extends AppError {
  constructor() {
    super('EMAIL_TAKEN')
  }
}

export class RoleTakenError extends AppError {
  constructor() {
    super('ROLE_TAKEN')
  }
}

export class LastAdminError extends AppError {
  constructor() {
    super('LAST_ADMIN')
  }
}

export class VersionMismatchError extends AppError {
  constructor() {
    super('VERSION_MISMATCH')
  }
}
