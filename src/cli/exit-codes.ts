import { ApiError, NetworkError, NotConfirmedError, TimeoutError, UnexpectedAnswerError } from '../client/errors'
import { BrokenPromiseError } from '../client/scenario-steps'
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

export const EXIT_CODES_HELP = `
Exit codes:
  0 done                    5 not logged in, or not allowed
  1 a fault of the program  6 the service cannot be reached, or cannot answer
  2 wrong command line      7 a promise was broken, or a check failed
  3 the service refused   130 interrupted
  4 there is no such thing`

/** A mistake on the command line, told in one sentence. */
export class UsageError extends Error {}

export function exitCodeOf(error: unknown): number {
  if (isAbort(error)) return EXIT.interrupted
  if (error instanceof UsageError || error instanceof SettingsError) return EXIT.usage
  if (error instanceof NetworkError || error instanceof TimeoutError) return EXIT.unavailable
  if (error instanceof NotConfirmedError || error instanceof UnexpectedAnswerError) return EXIT.broken
  if (error instanceof BrokenPromiseError) return EXIT.broken
  if (!(error instanceof ApiError)) return EXIT.failed
  if (error.status === 404) return EXIT.notFound
  if (error.status === 401 || error.status === 403) return EXIT.forbidden
  return error.status === 429 || error.status >= 500 ? EXIT.unavailable : EXIT.refused
}

/** Ctrl-C, by the signal or at a prompt. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
