import { parseArgs } from 'node:util'
import type { Connection } from 'mongoose'
import { ensureSigningKeyIndexes } from '../auth/signing-key.model'
import { MongooseSigningKeyDao } from '../auth/signing-key.mongoose-dao'
import { OVERLAP_S_DEFAULT, type RotationOptions, SigningKeysService } from '../auth/signing-keys.service'
import { type Config, ConfigError, loadConfig, readEnvironment } from '../config'
import { connectMongo } from '../mongo/connect'
import { redact } from '../observability/redact'
import { encryptionKeyIn } from '../secrets/key-file'
import { createSecretBox, SecretKeyError } from '../secrets/secret-box'

const OVERLAP_S_MAX = 86_400
/** Where `npm run start:cluster` has the embedded engine listen. */
const ENGINE_PORT_DEFAULT = 27_117

const HELP = `Makes a new key that signs access tokens, and lets the old ones retire.

  npm run keys:rotate -- [--overlap-s ${OVERLAP_S_DEFAULT}] [--now] [--revoke]
  node dist/cli/rotate-keys.js …             the same, where nothing can be built

  --overlap-s N   The new key is published at once in /.well-known/jwks.json, and signs N seconds later (0 to
                  ${OVERLAP_S_MAX}). Services that keep a copy of the key set for longer need a longer overlap. The old keys
                  verify until the last of their tokens is over.
  --now           Sign with the new key at once: the same as --overlap-s 0.
  --revoke        The old keys are known to others. The new key signs at once, and within a second no worker takes
                  a token of an old one any more. Refresh tokens stay good: clients get new access tokens with them.

It works on the running service's database: MONGO_URI, or else the embedded engine on 127.0.0.1 and MONGO_ENGINE_PORT
(${ENGINE_PORT_DEFAULT} with npm run start:cluster; npm start prints its port, or takes one by MONGO_ENGINE_PORT). The environment and
.env must be those of the service: ENCRYPTION_KEY, DATA_DIR, ACCESS_TOKEN_TTL_S.
`

/** Ends the process with a line that a person can act on. */
class UsageError extends Error {}

/** undefined: only help is wanted. @throws UsageError */
function readArguments(args: readonly string[]): RotationOptions | undefined {
  const { values } = parsed(args)
  if (values.help) return undefined
  const overlapS = values.now || values.revoke ? 0 : Number(values['overlap-s'] ?? OVERLAP_S_DEFAULT)
  if (!Number.isInteger(overlapS) || overlapS < 0 || overlapS > OVERLAP_S_MAX) {
    throw new UsageError(`--overlap-s must be an integer from 0 to ${OVERLAP_S_MAX}`)
  }
  return { overlapS, revoke: values.revoke ?? false }
}

function parsed(args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  try {
    const options = { 'overlap-s': { type: 'string' }, now: flag, revoke: flag, help: { ...flag, short: 'h' } } as const
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
  try {
    process.stdout.write(`${await rotate(config, connection, options)}\n`)
  } finally {
    await connection.close()
  }
}

async function connect({ mongoUri, mongoEnginePort, mongoDeadlineMs: deadlineMs }: Config): Promise<Connection> {
  const uri = mongoUri ?? `mongodb://127.0.0.1:${mongoEnginePort || ENGINE_PORT_DEFAULT}`
  try {
    return await connectMongo({ uri, deadlineMs, poolSize: 1 })
  } catch (error) {
    const why = String(redact((error as Error).message))
    throw new UsageError(`The service's database cannot be reached (--help says which one it is): ${why}`)
  }
}

async function rotate(config: Config, connection: Connection, options: RotationOptions): Promise<string> {
  const { encryptionKey, mongoUri, dataDir, nodeEnv } = config
  const beside = mongoUri === undefined ? encryptionKeyIn(dataDir, nodeEnv === 'production') : undefined
  await ensureSigningKeyIndexes(connection)
  const keys = new SigningKeysService({
    dao: new MongooseSigningKeyDao(connection, config.mongoDeadlineMs),
    box: createSecretBox(encryptionKey ?? beside),
    freshness: { isFresh: () => false },
    clock: () => new Date(),
    tokenTtlS: config.accessTokenTtlS,
  })
  const { keyId, signsFrom, othersRetireAt } = await keys.rotate(options)
  const others = options.revoke ? 'are revoked' : `retire at ${othersRetireAt.toISOString()}`
  return `Key ${keyId} signs from ${signsFrom.toISOString()}; the keys before it ${others}`
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof UsageError || error instanceof SecretKeyError
  process.stderr.write(`${expected ? error.message : String(redact((error as Error).stack ?? error))}\n`)
  process.exitCode = 1
})
