import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { badValue, CommandError } from '../bson/errors'
import { makeDataFile } from './unfinished'

/** How often a copy is made that turns out to be of the middle of a checkpoint; it takes bad luck to need two. */
const ATTEMPTS_MAX = 10

/**
 * Copies the store as it is at this moment into an empty or new folder. Resolves when the copy is on disk. `isWhole`: is
 * everything there that the log has?
 */
export async function backupTo(
  root: RootDatabase<Buffer, Buffer>,
  folder: string,
  isWhole: (copy: string) => Promise<boolean>,
): Promise<void> {
  if (!isAbsolute(folder)) throw badValue('the path of a backup must be absolute')
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) throw badValue(`the folder ${folder} is not empty`)
    await makeDataFile(folder, async (unfinished) => {
      for (let attempt = 1; ; attempt++) {
        await root.backup(unfinished, false)
        if (await isWhole(unfinished)) return
        if (attempt === ATTEMPTS_MAX) throw new Error('too much is written meanwhile')
        for (const name of readdirSync(unfinished)) rmSync(join(unfinished, name))
      }
    })
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(1, 'InternalError', `the backup could not be written: ${String(error)}`)
  }
}
