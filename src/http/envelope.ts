import type { ErrorCode, FieldError } from '../errors'

/** The `data` of every failure. */
export interface Failure {
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]
  readonly request_id: string
}

/** The one body of the service: `{"data": …, "message": "…", "status_code": N}`, as JSON text. */
export function envelope(status: number, data: unknown, message: string): string {
  return `{"data":${JSON.stringify(data ?? null)},"message":${JSON.stringify(message)},"status_code":${status}}`
}
