import { statfsSync } from 'node:fs'
import { CommandError, messageOf } from '../bson/errors'

/** With less than this left a failed write is put down to the disk: a growing file takes that much at once. */
const DISK_FULL_BYTES = 4 * 1_024 * 1_024

/** lmdb calls a full disk an input/output error as often as not, so the disk is asked. */
export function writeFailure(cause: unknown, folder: string): CommandError {
  const message = `the change could not be written: ${messageOf(cause)}`
  return freeBytes(folder) < DISK_FULL_BYTES
    ? new CommandError(14031, 'OutOfDiskSpace', `${message} (the disk is full)`)
    : new CommandError(1, 'InternalError', message)
}

/** Of a disk that cannot be asked nothing is known. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return Infinity
  }
}
