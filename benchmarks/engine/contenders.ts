import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb-6.3'
import { freePort } from '../../tests/support/free-port'
import { JAVA_SERVER_VERSION, javaServerArguments } from './java-server'

const PROJECT = join(__dirname, '../..')
/** What is downloaded stays here, out of git's sight. */
const CACHE = join(PROJECT, '.cache', 'bench')
export const SECANTUS_VERSION = '0.7.0b3'
const START_MS_MAX = 60_000
const STOP_MS_MAX = 10_000
const INSTALL_MS_MAX = 300_000
const POLL_MS = 50

export interface RunningServer {
  readonly name: string
  readonly uri: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

const ENGINE = 'engine'
/** The engine once more, without its promise: for comparison with what promises no more. */
const IN_MEMORY = 'engine-memory'

export function isEngine(name: string): boolean {
  return name === ENGINE || name === IN_MEMORY
}

/** A server that takes part, as its own defaults start it. */
export interface Contender {
  readonly name: string
  readonly title: string
  /** What an acknowledged write is worth, by those defaults. */
  readonly promise: string
  /** The command, for a port and an empty folder. Throws where the server cannot be had. */
  command(port: number, folder: string): Promise<readonly string[]>
}

const engineCommand = (port: number, ...options: readonly string[]) =>
  Promise.resolve([process.execPath, join(PROJECT, 'dist/embedded-mongo/main.js'), '--port', String(port), ...options])

export const CONTENDERS: readonly Contender[] = [
  {
    name: ENGINE,
    title: 'the embedded engine',
    promise: 'on disk (fdatasync) before it is acknowledged: outlives a crash of the process and of the machine',
    command: (port, folder) => engineCommand(port, '--dbpath', folder),
  },
  {
    name: IN_MEMORY,
    title: 'the embedded engine, --in-memory',
    promise: 'in memory alone: lost with the process, as what mongo-java-server acknowledges',
    command: (port) => engineCommand(port, '--in-memory'),
  },
  {
    name: 'secantus',
    title: `SecantusDB ${SECANTUS_VERSION}`,
    promise: 'in the log of WiredTiger, which is not flushed (no --sync-on-commit): lost with the machine',
    command: async (port, folder) => [await secantus(), '--port', String(port), '--storage-path', folder],
  },
  {
    name: 'java',
    title: `mongo-java-server ${JAVA_SERVER_VERSION}, memory backend`,
    promise: 'in memory alone: lost with the process',
    command: async (port) => {
      const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin/java')
      await promisify(execFile)(java, ['-version'])
      return [java, ...(await javaServerArguments(join(CACHE, 'java-server'))), String(port)]
    },
  },
]

/** SECANTUSD names an installed one; else it is installed from PyPI, once. */
async function secantus(): Promise<string> {
  const given = process.env['SECANTUSD']
  if (given !== undefined) return resolve(given)
  const folder = join(CACHE, `secantus-${SECANTUS_VERSION}`)
  const command = join(folder, 'bin/secantusd-py')
  if (existsSync(command)) return command
  const run = promisify(execFile)
  await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS_MAX })
  const wanted = `SecantusDB==${SECANTUS_VERSION}`
  await run(join(folder, 'bin/pip'), ['install', '--quiet', wanted], { timeout: INSTALL_MS_MAX })
  return command
}

/** Starts it on an empty folder; resolves when it answers. */
export async function start(contender: Contender): Promise<RunningServer> {
  const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'rollcall-bench-'))]
  try {
    const [command, ...args] = (await contender.command(port, folder)) as [string, ...string[]]
    // Its own folder is also where it runs: whatever a server leaves behind goes with that.
    const child = spawn(command, args, { cwd: folder, stdio: 'ignore' })
    const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`
    const stop = async () => {
      await end(child)
      await rm(folder, { recursive: true, force: true })
    }
    try {
      await answers(child, uri)
    } catch (error) {
      await end(child)
      throw error
    }
    return { name: contender.name, uri, pid: child.pid ?? 0, stop }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function answers(child: ChildProcess, uri: string): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  child.once('exit', (code, signal) => {
    failure ??= new Error(`it ended at once (${String(code ?? signal)})`)
  })
  const deadline = performance.now() + START_MS_MAX
  while (performance.now() < deadline) {
    if (failure !== undefined) throw failure
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 1_000 })
    try {
      await client.db('admin').command({ ping: 1 })
      return
    } catch {
      await sleep(POLL_MS)
    } finally {
      await client.close()
    }
  }
  throw new Error('it does not answer')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await gone
  clearTimeout(timer)
}
