import type { Connection } from 'mongoose'
import { type Config, ConfigError, loadConfig, readEnvironment } from '../config'
import { connectMongo } from '../mongo/connect'
import { redact } from '../observability/redact'
import { SecretKeyError } from '../secrets/secret-box'

/** Where `npm run start:cluster` has the embedded engine listen. */
const ENGINE_PORT_DEFAULT = 27_117
const CONNECTIONS_MAX = 4

/** For the help of commands that work beside the running service. */
export const DATABASE_HELP = `It works on the running service's database: MONGO_URI, or else the embedded engine on 127.0.0.1 and MONGO_ENGINE_PORT
(${ENGINE_PORT_DEFAULT} with npm run start:cluster; npm start prints its port, or takes one by MONGO_ENGINE_PORT). The environment and
.env must be those of the service`

/** Ends the process with a line that a person can act on. */
export class UsageError extends Error {}

/** A command beside the running service, on its database. */
export interface Command<Options> {
  readonly help: string
  /** undefined: only help is wanted. @throws TypeError for arguments that it does not know; UsageError */
  readonly read: (args: string[]) => Options | undefined
  /** @returns the line to print. */
  readonly run: (options: Options, config: Config, connection: Connection) => Promise<string>
}

/** Runs it with the arguments of the process; the exit code is 1 when it fails. */
export function runCommand<Options>(command: Command<Options>): void {
  execute(command, process.argv.slice(2)).catch((error: unknown) => {
    const expected = error instanceof ConfigError || error instanceof UsageError || error instanceof SecretKeyError
    process.stderr.write(`${expected ? error.message : String(redact((error as Error).stack ?? error))}\n`)
    process.exitCode = 1
  })
}

async function execute<Options>({ help, read, run }: Command<Options>, args: string[]): Promise<void> {
  const options = readWith(read, args, help)
  if (!options) {
    process.stdout.write(help)
    return
  }
  const config = loadConfig(readEnvironment())
  const connection = await connect(config)
  try {
    process.stdout.write(`${await run(options, config, connection)}\n`)
  } finally {
    await connection.close()
  }
}

/** node:util's parseArgs throws a TypeError for what it does not know. */
function readWith<Options>(read: Command<Options>['read'], args: string[], help: string): Options | undefined {
  try {
    return read(args)
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(`${error.message}\n\n${help}`) : error
  }
}

async function connect({ mongoUri, mongoEnginePort, mongoDeadlineMs: deadlineMs }: Config): Promise<Connection> {
  const uri = mongoUri ?? `mongodb://127.0.0.1:${mongoEnginePort || ENGINE_PORT_DEFAULT}`
  try {
    return await connectMongo({ uri, deadlineMs, poolSize: CONNECTIONS_MAX })
  } catch (error) {
    const why = String(redact((error as Error).message))
    throw new UsageError(`The service's database cannot be reached (--help says which one it is): ${why}`)
  }
}
