import { CommandError } from '../bson/errors'

/** LockTimeout, WriteConflict, SnapshotUnavailable, NoSuchTransaction: the transaction may do better from its beginning. */
const TRANSIENT: ReadonlySet<number> = new Set([24, 112, 246, 251])

export function isTransient(error: unknown): boolean {
  return error instanceof CommandError && TRANSIENT.has(error.code)
}

/** The error, with the label by which drivers know that they may run the whole transaction again. */
export function withTransactionLabels(error: unknown): unknown {
  if (!(error instanceof CommandError) || !isTransient(error)) return error
  const extra = { ...error.extra, errorLabels: ['TransientTransactionError'] }
  return new CommandError(error.code, error.codeName, error.message, extra)
}
