import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecretKeyError } from './secret-box'

export const KEY_FILE = 'encryption.key'
const KEY_BYTES = 32
const OWNER_ONLY = 0o600

/**
 * The key that an installation on one machine keeps beside its data, as 64 hex digits in a file for the owner alone.
 * Where there is none, production makes one; processes that do so at once end up with the same one, because a file
 * appears under its name whole or not at all. It protects copies of the data that leave without it, not the machine.
 * @returns undefined: there is none, and none is needed.
 * @throws SecretKeyError when the file holds something else.
 */
export function encryptionKeyIn(folder: string, production: boolean): Buffer | undefined {
  const path = join(folder, KEY_FILE)
  return read(path) ?? (production ? make(folder, path) : undefined)
}

function make(folder: string, path: string): Buffer {
  mkdirSync(folder, { recursive: true })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { flag: 'wx', mode: OWNER_ONLY, flush: true })
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  const key = read(path)
  if (!key) throw new SecretKeyError(`${path} cannot be read`)
  return key
}

function read(path: string): Buffer | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new SecretKeyError(`${path} holds no key of 64 hex digits`)
  return Buffer.from(text, 'hex')
}
