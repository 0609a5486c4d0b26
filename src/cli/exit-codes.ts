import { ApiError, NetworkError, NotConfirmedError, TimeoutError } from '../client/errors'
import { SettingsError } from '../client/settings'

/** What the exit code of `rollcall` means. */
export const EXIT = {
  ok: 0,
  /** Something that should not happen. */
  failed: 1,
  /** The command line or the settings are wrong. */
  usage: 2,
  /** The service refused: validation, a conflict, a version. */
  refused: 3,
  notFound: 4,
  /** Not logged in, or not allowed. */
  forbidden: 5,
  /** The service cannot be reached, or cannot answer now. */
  unavailable: 6,
  /** The service did not keep a promise of its contract (scenario, doctor). */
  broken: 7,
  /** Ctrl-C. */
  interrupted: 130,
} as const

/** A mistake on the command line, told in one sentence. */
export class UsageError extends Error {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof SettingsError) return EXIT.usage
  if (error instanceof NetworkError || error instanceof TimeoutError) return EXIT.unavailable
  if (error instanceof NotConfirmedError) return EXIT.broken
  if (!(error instanceof ApiError)) return EXIT.failed
  if (error.status === 404) return EXIT.notFound
  if (error.status === 401 || error.status === 403) return EXIT.forbidden
  return error.status === 429 || error.status >= 500 ? EXIT.unavailable : EXIT.refused
}
