import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Config, ConfigError, loadConfig, readEnvironment } from '../../config'
import { databaseFindings } from './database'
import { type Finding, ill, skipped, well } from './finding'
import { isFree, ownerOf } from './ports'

const MIB = 1024 * 1024
const SPACE_MIN_MIB = 200

export interface Seen {
  readonly baseUrl: string
  /** Whether the service answers there. */
  readonly answers: boolean
}

/** What the service needs of this machine, by the settings that it would start with here. */
export async function examineMachine(seen: Seen): Promise<readonly Finding[]> {
  const config = readConfig()
  if (Array.isArray(config)) return config as readonly Finding[]
  const one = config as Config
  return [
    well('environment', `the service's settings are valid: ${one.nodeEnv}, AUTH_MODE=${one.authMode}`),
    await portFinding(one, seen),
    await folderFinding(one),
    ...(await databaseFindings(one)),
  ]
}

function readConfig(): Config | readonly Finding[] {
  try {
    return loadConfig(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [ill('environment', error.message, 'Mend them in the environment or in .env: .env.example explains each')]
  }
}

async function portFinding({ host, port }: Config, { baseUrl, answers }: Seen): Promise<Finding> {
  if (port === 0) return well('port', 'any free one')
  if (await isFree(host, port)) return well('port', `${host}:${port} is free`)
  const isService = answers && new URL(baseUrl).port === String(port)
  if (isService) return well('port', `${host}:${port} is the service's`)
  const owner = await ownerOf(port)
  const who = owner === undefined ? 'another process' : `${owner.name} (process ${owner.pid})`
  const advice = `Stop it${owner ? `: kill ${owner.pid}` : ''}; or choose another port with PORT`
  return ill('port', `${host}:${port} is taken by ${who}`, advice)
}

/** The embedded engine's; a MongoDB elsewhere has its own. */
async function folderFinding({ mongoUri, dataDir }: Config): Promise<Finding> {
  if (mongoUri !== undefined) return skipped('data folder', 'not used: MONGO_URI is set')
  const folder = resolve(dataDir)
  const existing = await nearest(folder)
  try {
    const probe = join(existing, `.rollcall-${randomUUID()}`)
    await writeFile(probe, '')
    await rm(probe)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const advice = `Give it to the user who runs the service (chown), or choose another with DATA_DIR`
    return ill('data folder', `${folder} cannot be written (${code ?? 'unknown'})`, advice)
  }
  const { bavail, bsize } = await statfs(existing)
  const mib = Math.floor((bavail * bsize) / MIB)
  if (mib < SPACE_MIN_MIB) {
    return ill('data folder', `${folder} has ${mib} MiB left`, 'Make room, or choose another disk with DATA_DIR')
  }
  return well('data folder', `${folder} can be written, ${mib.toLocaleString('en')} MiB are free`)
}

/** The folder itself, or the first above it that is there: it is made in that one. */
async function nearest(folder: string): Promise<string> {
  try {
    await access(folder, constants.F_OK)
    return folder
  } catch {
    return dirname(folder) === folder ? folder : nearest(dirname(folder))
  }
}
