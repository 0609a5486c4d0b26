import { accessSync, constants, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from './bson/errors'
import { explainPlan } from './commands/explain'
import { COMMANDS, commandsByName } from './commands/table'
import { Dispatcher } from './dispatch'
import { closeEngine, MONGODB_VERSION, openEngine } from './engine'
import type { Engine } from './engine'
import { parseOptions, USAGE, UsageError } from './options'
import type { EngineOptions } from './options'
import { listen } from './server'
import type { WireServer } from './server'
import { SlowLog } from './slow-log'
import { SessionExpiry } from './sessions/expiry'
import { enterDataFolder } from './storage/data-folder'
import { StorageOpenError } from './storage/open-error'
import { lockFolder } from './storage/folder-lock'
import type { FolderLock } from './storage/folder-lock'
import { makeTemporaryFolder, removeAbandonedFolders, removeFolder } from './storage/temporary-folder'
import { startTtlSweeper } from './ttl'

/** Why the engine does not start, for whoever starts it. */
class StartError extends Error {}

interface Running {
  readonly uri: string
  /** Waits for the clients to go first, if the options say so. */
  readonly stopWhenQuiet: () => Promise<void>
  readonly stop: () => Promise<void>
}

async function start(options: EngineOptions): Promise<Running> {
  if (options.folder === undefined) await removeAbandonedFolders()
  const folder = options.folder === undefined ? makeTemporaryFolder() : prepareFolder(options.folder)
  try {
    const enter = options.folder === undefined ? lockFolder : enterDataFolder
    const lock = await enter(folder, options.lockWaitMs)
    if (lock === undefined) throw new StartError(`another engine is using the data folder ${folder}`)
    return await startIn(folder, lock, options)
  } catch (error) {
    if (options.folder === undefined) removeFolder(folder)
    throw error
  }
}

async function startIn(folder: string, lock: FolderLock, options: EngineOptions): Promise<Running> {
  const durable = options.folder !== undefined
  const { checkpointMs, operationMs, transactionMs: transactionLifetimeMs } = options
  const engine = await openEngine({ folder, durable, checkpointMs, transactionLifetimeMs, operationMs })
  const dispatcher = new Dispatcher(engine, commandsByName(COMMANDS), reportFault, slowLogOf(engine, options.slowMs))
  const server = await listenOrExplain(engine, dispatcher, options)
  const sweeper = startTtlSweeper(engine, options.ttlIntervalMs, (error) => reportFault(error, 'TTL sweep'))
  const expiry = new SessionExpiry(engine, (error) => reportFault(error, 'expiry of sessions'))
  const host = options.host === '::1' ? '[::1]' : options.host
  const stop = async () => {
    engine.ending.abort()
    const atRest = await server.close()
    await sweeper.stop()
    await expiry.stop()
    await closeEngine(engine, atRest)
    await lock.release()
    if (!durable) removeFolder(folder)
  }
  return {
    uri: `mongodb://${host}:${server.port}`,
    stop,
    stopWhenQuiet: async () => {
      await server.quiet(options.quiesceMs)
      await stop()
    },
  }
}

function slowLogOf(engine: Engine, thresholdMs: number): SlowLog {
  const write = (line: string): void => void process.stdout.write(`embedded-mongo: ${line}\n`)
  return new SlowLog({ thresholdMs, write, explain: (command, database) => explainPlan(engine, command, database) })
}

async function listenOrExplain(engine: Engine, dispatcher: Dispatcher, options: EngineOptions): Promise<WireServer> {
  try {
    return await listen(engine, dispatcher, options)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const where = `${options.host}:${options.port}`
    if (code === 'EADDRINUSE') throw new StartError(`port ${where} is already in use`)
    throw new StartError(`cannot listen on ${where}: ${messageOf(error)}`)
  }
}

function prepareFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return folder
  } catch (error) {
    throw new StartError(`the data folder ${folder} cannot be used: ${messageOf(error)}`)
  }
}

function reportFault(error: unknown, where: string): void {
  process.stderr.write(`embedded-mongo: fault in ${where}: ${error instanceof Error ? error.stack : String(error)}\n`)
}

/** Ends with the parent's IPC channel, SIGTERM or SIGINT: whatever comes first. */
function stopOnSignal(running: Running): void {
  let stopping = false
  const end = (stop: () => Promise<void>): void => {
    if (stopping) return
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        reportFault(error, 'shutdown')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => end(running.stopWhenQuiet))
  process.on('SIGINT', () => end(running.stopWhenQuiet))
  process.on('disconnect', () => end(running.stop))
  if (process.send !== undefined && !process.connected) end(running.stop)
}

/** A parent that has let go meanwhile is no error: its going ends us anyway. */
function tellParent(message: object | string): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

async function main(): Promise<void> {
  // Whoever reads what is printed here may be gone before we are.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(USAGE)
    return
  }
  const running = await start(options)
  stopOnSignal(running)
  const kept = options.folder === undefined ? 'nothing is kept' : `data in ${resolve(options.folder)}`
  process.stdout.write(
    `embedded-mongo ${MONGODB_VERSION} listens on ${running.uri} (no authentication, this machine only; ${kept})\n`,
  )
  tellParent({ type: 'ready', uri: running.uri, version: MONGODB_VERSION })
  tellParent('ready') // in the words of process managers that wait for it, such as pm2
}

main().catch((error: unknown) => {
  if (error instanceof UsageError) process.stderr.write(`embedded-mongo: ${error.message}\n\n${USAGE}`)
  else if (error instanceof StartError || error instanceof StorageOpenError) {
    process.stderr.write(`embedded-mongo: ${error.message}\n`)
  } else reportFault(error, 'start')
  process.exit(1)
})
