const SECRET_NAME = /pass(word|wd)?|secret|token|authorization|cookie|api_?key|credential/i
/** `//user:password@` in a connection string. */
const URL_CREDENTIALS = /\/\/[^/@\s]+@/g
const REDACTED = '[redacted]'
const DEPTH_MAX = 6
const ITEMS_MAX = 100

/** An error as plain fields: its properties may hold whole commands and documents, so only these leave. */
export interface LoggedError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly stack?: string
  readonly cause?: unknown
}

/** A copy that is fit for a log: no secrets, no errors with their inner state, bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(URL_CREDENTIALS, `//${REDACTED}@`)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (depth >= DEPTH_MAX) return '[…]'
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, ITEMS_MAX)
      .map(([name, inner]) => [name, SECRET_NAME.test(name) ? REDACTED : redact(inner, depth + 1)]),
  )
}

function redactError(error: Error & { code?: unknown }, depth: number): LoggedError {
  return {
    name: error.name,
    message: redact(error.message) as string,
    ...(error.code === undefined ? {} : { code: redact(error.code, depth + 1) }),
    ...(error.stack === undefined ? {} : { stack: redact(error.stack) as string }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  }
}
