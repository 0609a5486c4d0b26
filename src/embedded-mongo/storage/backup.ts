import { mkdirSync, readdirSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { badValue, CommandError } from '../bson/errors'
import { makeDataFile } from './unfinished'

/** Copies the store as it is at this moment into an empty or new folder. Resolves when the copy is on disk. */
export async function backupTo(root: RootDatabase<Buffer, Buffer>, folder: string): Promise<void> {
  if (!isAbsolute(folder)) throw badValue('the path of a backup must be absolute')
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) throw badValue(`the folder ${folder} is not empty`)
    await makeDataFile(folder, (unfinished) => root.backup(unfinished, false))
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(1, 'InternalError', `the backup could not be written: ${String(error)}`)
  }
}
