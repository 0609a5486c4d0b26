import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { flushFile, flushFolder } from './flush'

export const DATA_FILE = 'data.mdb'

/**
 * Makes a folder's data file with `write`, which gets a folder within it to write to: after a crash there is a whole
 * data file, on disk, or none.
 */
export async function makeDataFile(folder: string, write: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = join(folder, 'unfinished')
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished)
  try {
    await write(unfinished)
    flushFile(join(unfinished, DATA_FILE))
    renameSync(join(unfinished, DATA_FILE), join(folder, DATA_FILE))
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  flushFolder(folder)
}
