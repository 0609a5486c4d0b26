import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../bson/errors'
import { checkDataFile, DamagedFileError } from './data-file'
import { Environment } from './environment'
import { LOCK_FOLDER, lockFolder } from './folder-lock'
import type { FolderLock } from './folder-lock'
import { StorageOpenError } from './open-error'
import { META_TREE } from './recovery'
import { DATA_FILE, makeDataFile } from './unfinished'
import { LOG_FILES } from './write-ahead-log'

/** They are made beside the data file: so where one is, there has been that. */
const BESIDE = ['lock.mdb', ...LOG_FILES]
/** What the folders of other databases have in them. */
const OF_OTHERS = ['WiredTiger', 'mongod.lock', 'storage.bson', 'PG_VERSION', 'ibdata1']

/** Where lmdb's numbers have 32 bits it lays its pages out in another way, which is not known here. */
const IS_KNOWN_LAYOUT = process.arch !== 'arm' && process.arch !== 'ia32'

/**
 * Locks a folder and makes sure that it has a data file which can be opened without harm. Waits up to `waitMs` for
 * another engine to leave it; undefined when that does not. Throws StorageOpenError, and has then changed nothing.
 */
export async function enterDataFolder(folder: string, waitMs: number): Promise<FolderLock | undefined> {
  // Where no engine has been none is at work: then not even the lock is made in a folder that is refused.
  const isNew = !existsSync(join(folder, LOCK_FOLDER))
  if (isNew) checkDataFolder(folder)
  const lock = await lockFolder(folder, waitMs)
  try {
    if (lock !== undefined) {
      if (!isNew) checkDataFolder(folder)
      await ensureDataFile(folder)
    }
    return lock
  } catch (error) {
    await lock?.release()
    throw error
  }
}

function checkDataFolder(folder: string): void {
  const path = join(folder, DATA_FILE)
  if (!existsSync(path)) checkFreeFolder(folder)
  else if (IS_KNOWN_LAYOUT) checkOwnFile(path)
}

function checkOwnFile(path: string): void {
  try {
    if (!checkDataFile(path).has(META_TREE))
      throw new StorageOpenError(`${path} is another program's: it is left alone`)
  } catch (error) {
    if (error instanceof StorageOpenError) throw error
    const [is, message] = [error instanceof DamagedFileError ? 'is damaged' : 'cannot be used', messageOf(error)]
    throw new StorageOpenError(`the data file ${path} ${is}: ${message}; nothing has been changed`, { cause: error })
  }
}

function checkFreeFolder(folder: string): void {
  const names = readdirSync(folder)
  const other = OF_OTHERS.find((name) => names.includes(name))
  if (other !== undefined) {
    throw new StorageOpenError(`the data folder ${folder} holds ${other}: it belongs to another database`)
  }
  const left = BESIDE.filter((name) => names.includes(name))
  if (left.length > 0) {
    const advice = `put it back, or remove ${left.join(', ')} to begin without data`
    throw new StorageOpenError(`the data folder ${folder} has lost its file ${DATA_FILE}: ${advice}`)
  }
}

/** Where there is no data file: makes one without data. */
async function ensureDataFile(folder: string): Promise<void> {
  if (existsSync(join(folder, DATA_FILE))) return
  try {
    // Flushed when it is whole.
    await makeDataFile(folder, (unfinished) => Environment.open({ folder: unfinished, durable: false }).close())
  } catch (error) {
    throw new StorageOpenError(`cannot make a data file in ${folder}: ${messageOf(error)}`, { cause: error })
  }
}
