import { closeSync, fsyncSync, openSync } from 'node:fs'

/** A new file is on disk when the folder that names it is. Windows cannot, and need not. */
export function flushFolder(folder: string): void {
  if (process.platform !== 'win32') flush(folder, 'r')
}

export function flushFile(path: string): void {
  flush(path, 'r+')
}

function flush(path: string, mode: 'r' | 'r+'): void {
  const descriptor = openSync(path, mode)
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
