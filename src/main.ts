import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import { dataHeaders } from './app'
import { ConfigError, loadConfig, readEnvironment, type Config } from './config'
import { createHttpServer } from './http/server'
import { closeGracefully, listen } from './http/shutdown'
import { connectMongo } from './mongo/connect'
import { startEmbeddedMongo, type EmbeddedMongo } from './mongo/embedded'
import { batchLines } from './observability/line-sink'
import { createLogger } from './observability/logger'
import { redact } from './observability/redact'
import { whenOrphaned } from './parent-watch'
import { SecretKeyError } from './secrets/secret-box'
import { createService, serviceVersion, type Service } from './service'

/** A signal reaches a process of a group by more than one way: what comes within this time is the same one. */
const SAME_SIGNAL_MS = 1_000

/** Ends the process with a line that a person can act on. */
class StartError extends Error {}

/** Everything that is open, for the one way out. */
interface Running {
  readonly service: Service
  readonly connection: Connection
  readonly engine: EmbeddedMongo | undefined
  readonly server: ReturnType<typeof createHttpServer>
}

async function main(): Promise<void> {
  const config = loadConfig(readEnvironment())
  const sink = batchLines(process.stdout)
  process.on('exit', sink.flush)
  const logger = createLogger(config, sink.stream)
  const inMemory = process.argv.includes('--in-memory')
  const known = config.mongoUri ?? config.engineUri
  const engine = known === undefined ? await startEngine(config, inMemory) : undefined
  const connection = await connect(config, known ?? engine?.uri ?? '')
  const service = await createService(config, connection, logger)
  const server = createHttpServer(service.app, dataHeaders())
  const port = await listenOn(server, config)
  superviseWith(config, logger, { service, connection, engine, server })
  announce(config, logger, port)
  await printSetupLink(config, service, port)
  if (engine) announceEngine(logger, engine, inMemory ? 'nothing is kept' : `data in ${config.dataDir}`)
}

async function startEngine(config: Config, inMemory: boolean): Promise<EmbeddedMongo> {
  try {
    return await startEmbeddedMongo({ dataDir: config.dataDir, port: config.mongoEnginePort, inMemory })
  } catch (error) {
    throw new StartError(messageOf(error))
  }
}

async function connect(config: Config, uri: string): Promise<Connection> {
  try {
    return await connectMongo({ uri, deadlineMs: config.mongoDeadlineMs, poolSize: config.mongoPoolSize })
  } catch (error) {
    throw new StartError(`MongoDB cannot be reached: ${messageOf(error)}`)
  }
}

async function listenOn(server: Running['server'], { port, host }: Config): Promise<number> {
  try {
    return await listen(server, port, host)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new StartError(
      `${host}:${port} is in use by another process. Choose a free port with PORT, or stop that process`,
    )
  }
}

/** For whoever watches the first start, and for nobody else: not through the logger, whose lines are collected and kept. */
async function printSetupLink(config: Config, service: Service, port: number): Promise<void> {
  const token = await service.newSetupToken()
  if (token === undefined) return
  const url = `${config.publicUrl ?? urlOf(reachable(config.host), port)}/setup?token=${token}`
  process.stdout.write(`\nThere is no administrator yet. Make one within 24 hours, with this link:\n\n  ${url}\n\n`)
}

/** An address that means all of them leads nowhere by itself. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function announce(config: Config, logger: Logger, port: number): void {
  const url = urlOf(config.host, port)
  logger.info(`Rollcall ${serviceVersion()} listens on ${url}, documentation at ${url}/docs`, { pid: process.pid })
  // A process manager that waits for readiness (pm2's wait_ready) listens on this channel.
  process.send?.('ready')
}

function announceEngine(logger: Logger, { uri }: EmbeddedMongo, data: string): void {
  logger.info(
    `The embedded engine (${uri}, ${data}) is for development, tests and installs on one machine. ` +
      'MONGO_URI takes any other MongoDB',
  )
}

/** Stops in order on the first signal, at once on the second, and with an error when the store's process has gone. */
function superviseWith(config: Config, logger: Logger, running: Running): void {
  const state = { stopping: false, since: 0 }
  const stop = (reason: string) => {
    if (state.stopping) {
      if (performance.now() - state.since > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    state.stopping = true
    state.since = performance.now()
    logger.info(`Stopping: ${reason}`)
    close(config, running).then(
      () => process.exit(0),
      (error: unknown) => fail(logger, 'Stopping failed', error),
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('uncaughtException', (error) => fail(logger, 'Uncaught exception', error))
  void running.engine?.ended.then(() => {
    if (!state.stopping) fail(logger, 'The embedded MongoDB engine has ended', undefined)
  })
  if (config.startedByNpm) whenOrphaned(() => state.stopping || stop('npm has gone'))
}

async function close(config: Config, { service, connection, engine, server }: Running): Promise<void> {
  service.drain()
  await closeGracefully(server, config.drainMs)
  await service.close()
  await connection.close()
  await engine?.stop()
}

function fail(logger: Logger, message: string, error: unknown): never {
  logger.error(message, error === undefined ? {} : { error })
  process.exit(1)
}

function messageOf(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error)) as string
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof StartError || error instanceof SecretKeyError
  process.stderr.write(`${expected ? error.message : String(redact((error as Error).stack ?? error))}\n`)
  process.exit(1)
})
