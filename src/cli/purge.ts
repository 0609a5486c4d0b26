import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig, readEnvironment } from '../config'
import { connectMongo } from '../mongo/connect'
import { createLogger } from '../observability/logger'
import { redact } from '../observability/redact'
import { SecretKeyError } from '../secrets/secret-box'
import { openPrivacy } from '../service'

const DAY_MS = 24 * 60 * 60 * 1_000
const DAYS_MAX = 3_650
/** Where `npm run start:cluster` has the embedded engine listen. */
const ENGINE_PORT_DEFAULT = 27_117

const HELP = `Takes deleted users away for good, with all that is held on them. It cannot be undone.

  npm run purge -- --older-than 30d [--dry-run]
  node dist/cli/purge.js …             the same, where nothing can be built

  --older-than Nd  Those who were deleted more than N days ago (0 to ${DAYS_MAX}), whether they could still be restored or not.
  --dry-run        Only say how many they are.

The running service does this by itself when DELETED_RETENTION_DAYS are over; POST /users/{id}/purge does it for one.

It works on the running service's database: MONGO_URI, or else the embedded engine on 127.0.0.1 and MONGO_ENGINE_PORT
(${ENGINE_PORT_DEFAULT} with npm run start:cluster; npm start prints its port, or takes one by MONGO_ENGINE_PORT). The environment and
.env must be those of the service.
`

/** Ends the process with a line that a person can act on. */
class UsageError extends Error {}

interface PurgeOptions {
  readonly olderThanDays: number
  readonly dryRun: boolean
}

/** undefined: only help is wanted. @throws UsageError */
function readArguments(args: readonly string[]): PurgeOptions | undefined {
  const { values } = parsed(args)
  if (values.help) return undefined
  const [, days] = /^(\d{1,4})d$/.exec(values['older-than'] ?? '') ?? []
  const olderThanDays = Number(days ?? NaN)
  if (!(olderThanDays <= DAYS_MAX)) throw new UsageError(`--older-than is needed: a number of days, such as 30d`)
  return { olderThanDays, dryRun: values['dry-run'] ?? false }
}

function parsed(args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  try {
    const options = { 'older-than': { type: 'string' }, 'dry-run': flag, help: { ...flag, short: 'h' } } as const
    return parseArgs({ args: [...args], options, strict: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`)
  }
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2))
  if (!options) {
    process.stdout.write(HELP)
    return
  }
  const config = loadConfig(readEnvironment())
  const connection = await connect(config)
  const { privacy, close } = openPrivacy(config, connection, createLogger({ ...config, logLevel: 'error' }))
  try {
    const before = new Date(Date.now() - options.olderThanDays * DAY_MS)
    const count = await privacy.purgeDeletedBefore(before, options.dryRun)
    process.stdout.write(options.dryRun ? `${count} would be purged\n` : `${count} purged\n`)
  } finally {
    await close()
    await connection.close()
  }
}

async function connect({ mongoUri, mongoEnginePort, mongoDeadlineMs: deadlineMs }: Config) {
  const uri = mongoUri ?? `mongodb://127.0.0.1:${mongoEnginePort || ENGINE_PORT_DEFAULT}`
  try {
    return await connectMongo({ uri, deadlineMs, poolSize: 4 })
  } catch (error) {
    const why = String(redact((error as Error).message))
    throw new UsageError(`The service's database cannot be reached (--help says which one it is): ${why}`)
  }
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof UsageError || error instanceof SecretKeyError
  process.stderr.write(`${expected ? error.message : String(redact((error as Error).stack ?? error))}\n`)
  process.exitCode = 1
})
