import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFolder } from './folder-lock'

const PREFIX = 'embedded-mongo-'
/** In memory, where the system has a file system there. */
const SHARED_MEMORY = '/dev/shm'
/** A younger folder may belong to an engine that has yet to lock it. */
const ABANDONED_MS = 60_000

/** A new folder for data that nobody needs to keep. */
export function makeTemporaryFolder(): string {
  return mkdtempSync(join(parentFolder(), PREFIX))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Removes what engines have left that were killed. */
export async function removeAbandonedFolders(): Promise<void> {
  const parent = parentFolder()
  for (const name of readdirSync(parent).filter((each) => each.startsWith(PREFIX))) {
    try {
      await removeIfAbandoned(join(parent, name))
    } catch {
      // Another user's, or another engine was quicker: it is not for us to remove.
    }
  }
}

async function removeIfAbandoned(folder: string): Promise<void> {
  if (Date.now() - statSync(folder).mtimeMs < ABANDONED_MS) return
  const lock = await lockFolder(folder, 0)
  if (lock === undefined) return
  await lock.release()
  removeFolder(folder)
}

function parentFolder(): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK)
    return SHARED_MEMORY
  } catch {
    return tmpdir()
  }
}
