import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { SessionTokens } from '../client/credentials'

const OWNER_ONLY = 0o600
const OWNER_FOLDER = 0o700

type Sessions = Record<string, SessionTokens>

/** Sessions by service, in a file that its owner alone can read. */
export class TokenFile {
  readonly path: string

  constructor(configFolder: string = join(homedir(), '.config')) {
    this.path = join(configFolder, 'rollcall', 'sessions.json')
  }

  async load(baseUrl: string): Promise<SessionTokens | undefined> {
    return (await this.#read())[baseUrl]
  }

  /** undefined: the session is over. */
  async save(baseUrl: string, tokens: SessionTokens | undefined): Promise<void> {
    const { [baseUrl]: _, ...others } = await this.#read()
    const sessions = tokens ? { ...others, [baseUrl]: tokens } : others
    await mkdir(dirname(this.path), { recursive: true, mode: OWNER_FOLDER })
    // Written whole under another name, then put in place: nobody ever reads half of it.
    const draft = `${this.path}.${process.pid}`
    try {
      await writeFile(draft, JSON.stringify(sessions, null, 2), { mode: OWNER_ONLY })
      await chmod(draft, OWNER_ONLY)
      await rename(draft, this.path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  }

  async #read(): Promise<Sessions> {
    try {
      return JSON.parse(await readFile(this.path, 'utf8')) as Sessions
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return {}
      throw error
    }
  }
}
