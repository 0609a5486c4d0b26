import { mongo, Error as MongooseError } from 'mongoose'
import { serviceUnavailable } from './deadline'

const DUPLICATE_KEY = 11000

/**
 * Server codes that say "not now", from the MongoDB manual's error codes: HostUnreachable 6, HostNotFound 7,
 * MaxTimeMSExpired 50, NetworkTimeout 89, ShutdownInProgress 91, WriteConflict 112, PrimarySteppedDown 189, ExceededTimeLimit 262,
 * SocketException 9001, NotWritablePrimary 10107, InterruptedAtShutdown 11600, InterruptedDueToReplStateChange 11602,
 * NotPrimaryNoSecondaryOk 13435, NotPrimaryOrSecondary 13436.
 */
const PASSING_CODES: ReadonlySet<unknown> = new Set([
  6, 7, 50, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
])

/** Whether a unique index over `field` refused the write. */
export function isDuplicateKey(error: unknown, field: string): boolean {
  if (!(error instanceof mongo.MongoServerError) || error.code !== DUPLICATE_KEY) return false
  const pattern: unknown = error['keyPattern']
  if (typeof pattern === 'object' && pattern !== null) return field in pattern
  // A bulk write's error carries the server's text alone: "… index: email_1 dup key: { email: … }".
  return error.message.includes(`{ ${field}:`)
}

/** Network, server selection and time-out errors become SERVICE_UNAVAILABLE; any other error stays what it is. */
export function toServiceError(error: unknown): unknown {
  return isPassing(error) ? serviceUnavailable(error) : error
}

function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return PASSING_CODES.has(error.code)
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoOperationTimeoutError ||
    error instanceof MongooseError.MongooseServerSelectionError ||
    isPoolTrouble(error) ||
    isDisconnected(error)
  )
}

/** Two errors of the connection pool that the driver does not export. */
function isPoolTrouble(error: unknown): boolean {
  return (
    error instanceof mongo.MongoDriverError &&
    (error.name === 'MongoWaitQueueTimeoutError' || error.name === 'MongoPoolClosedError')
  )
}

/** What mongoose throws at once for a call on a closed connection while `bufferCommands` is off. */
function isDisconnected(error: unknown): boolean {
  return error instanceof MongooseError && error.message.includes('before initial connection is complete')
}
