import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { MongoMemoryServer } from 'mongodb-memory-server-core'
import { DryMongoBinary } from 'mongodb-memory-server-core/lib/util/DryMongoBinary'
import { PROJECT, endChild, stdoutMatch } from './child-process'

const DOWNLOAD_HOST = 'fastdl.mongodb.org'
const LOOKUP_MS = 1_000
const ENGINE_START_MS = 20_000

export interface MongoServer {
  /** What it is, for people. */
  readonly label: string
  readonly uri: string
  readonly stop: () => Promise<void>
}

type Kind = 'uri' | 'memory-server' | 'embedded'

/**
 * The server that the tests run on: `TEST_MONGO` forces one; else MONGO_URI; else mongodb-memory-server where it has
 * a binary or can fetch one; else the embedded engine, which needs no network.
 */
export async function startMongoServer(env: NodeJS.ProcessEnv): Promise<MongoServer> {
  const forced = readKind(env['TEST_MONGO'])
  const uri = env['MONGO_URI']
  if (forced === 'uri' || (!forced && uri)) {
    if (!uri) throw new Error('TEST_MONGO=uri needs MONGO_URI')
    return { label: 'MONGO_URI', uri, stop: () => Promise.resolve() }
  }
  if (forced === 'memory-server') return startMemoryServer()
  if (!forced && (await memoryServerIsWithinReach())) {
    try {
      return await startMemoryServer()
    } catch (error) {
      process.stderr.write(`mongodb-memory-server does not start: ${String(error)}\n`)
    }
  }
  return startEmbedded()
}

function readKind(value: string | undefined): Kind | undefined {
  if (value === undefined || value === '') return undefined
  if (value === 'uri' || value === 'memory-server' || value === 'embedded') return value
  throw new Error(`TEST_MONGO is uri, memory-server or embedded, not ${value}`)
}

/** Without a network its download takes 7 s to fail: so look first whether the host has an address. */
async function memoryServerIsWithinReach(): Promise<boolean> {
  const options = await DryMongoBinary.generateOptions()
  if (await DryMongoBinary.locateBinary(options)) return true
  const resolved = lookup(DOWNLOAD_HOST).then(
    () => true,
    () => false,
  )
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), LOOKUP_MS).unref())
  return Promise.race([resolved, late])
}

async function startMemoryServer(): Promise<MongoServer> {
  const server = await MongoMemoryServer.create()
  return { label: 'mongodb-memory-server', uri: server.getUri(), stop: async () => void (await server.stop()) }
}

/** From the source, so that the tests never see an old build. It ends with this process: the IPC channel closes. */
export async function startEmbedded(): Promise<MongoServer> {
  const args = ['--import', 'tsx', 'src/embedded-mongo/main.ts', '--in-memory', '--port', '0']
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const [uri] = await stdoutMatch(child, /mongodb:\/\/127\.0\.0\.1:\d+/, ENGINE_START_MS)
  return { label: 'the embedded engine', uri, stop: () => endChild(child) }
}
