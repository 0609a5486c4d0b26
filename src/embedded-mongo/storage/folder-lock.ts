import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'lmdb'
import { messageOf } from '../bson/errors'
import { StorageOpenError } from './open-error'

/*
 * One engine per data folder. A process id in a file would mislead, in containers above all, so the kernel keeps the
 * record: every process that has an lmdb environment open holds a shared file lock, which ends with the process however
 * it ends, and whoever opens an environment that nobody holds begins with an empty table of readers. So: enter a reader
 * into the table of the environment `lock`, and look whether it stands there alone. Two that start at once may see each
 * other and both step back; they try again after a random pause.
 */

/** The environment that is the lock, within the data folder. */
export const LOCK_FOLDER = 'lock'
const RETRY_MS_MIN = 20
const RETRY_MS_SPREAD = 60

export interface FolderLock {
  release(): Promise<void>
}

/** Waits up to `waitMs` for the lock of a folder; undefined when another engine has it all that time. Throws StorageOpenError. */
export async function lockFolder(folder: string, waitMs: number): Promise<FolderLock | undefined> {
  const path = join(folder, LOCK_FOLDER)
  const deadline = performance.now() + waitMs
  for (;;) {
    const lock = await tryLockOrExplain(path)
    if (lock !== undefined) return lock
    const left = deadline - performance.now()
    if (left <= 0) return undefined
    await sleep(Math.min(left, RETRY_MS_MIN + Math.random() * RETRY_MS_SPREAD))
  }
}

async function tryLockOrExplain(path: string): Promise<FolderLock | undefined> {
  try {
    mkdirSync(path, { recursive: true })
    return await tryLock(path)
  } catch (error) {
    const message = messageOf(error)
    throw new StorageOpenError(`the lock ${path} cannot be used: ${message}`, { cause: error })
  }
}

async function tryLock(path: string): Promise<FolderLock | undefined> {
  // Nothing is ever stored here, so there is nothing to flush.
  const environment = open({ path, noSubdir: false, maxDbs: 1, noSync: true, overlappingSync: false })
  const reader = environment.useReadTransaction()
  // A read transaction enters the table with its first read.
  environment.get('', { transaction: reader })
  const release = async (): Promise<void> => {
    reader.done()
    await environment.close()
  }
  if (countReaders(environment.readerList()) === 1) return { release }
  await release()
  return undefined
}

/** lmdb's list is a table: a line of headings, then a line `pid thread txnid` for each reader. */
function countReaders(list: string): number {
  return list.split('\n').filter((line) => /^\s*\d/.test(line)).length
}
