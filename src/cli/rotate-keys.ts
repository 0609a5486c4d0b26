import { parseArgs } from 'node:util'
import type { Connection } from 'mongoose'
import { ensureSigningKeyIndexes } from '../auth/signing-key.model'
import { MongooseSigningKeyDao } from '../auth/signing-key.mongoose-dao'
import { OVERLAP_S_DEFAULT, type RotationOptions, SigningKeysService } from '../auth/signing-keys.service'
import type { Config } from '../config'
import { encryptionKeyIn } from '../secrets/key-file'
import { createSecretBox } from '../secrets/secret-box'
import { type Command, DATABASE_HELP, runCommand, UsageError } from './command'

const OVERLAP_S_MAX = 86_400

const HELP = `Makes a new key that signs access tokens, and lets the old ones retire.

  npm run keys:rotate -- [--overlap-s ${OVERLAP_S_DEFAULT}] [--now] [--revoke]
  node dist/cli/rotate-keys.js …             the same, where nothing can be built

  --overlap-s N   The new key is published at once in /.well-known/jwks.json, and signs N seconds later (0 to
                  ${OVERLAP_S_MAX}). Services that keep a copy of the key set for longer need a longer overlap. The old keys
                  verify until the last of their tokens is over.
  --now           Sign with the new key at once: the same as --overlap-s 0.
  --revoke        The old keys are known to others. The new key signs at once, and within a second no worker takes
                  a token of an old one any more. Refresh tokens stay good: clients get new access tokens with them.

${DATABASE_HELP}: ENCRYPTION_KEY, DATA_DIR, ACCESS_TOKEN_TTL_S.
`

const rotateKeys: Command<RotationOptions> = {
  help: HELP,

  read: (args) => {
    const flag = { type: 'boolean' } as const
    const options = { 'overlap-s': { type: 'string' }, now: flag, revoke: flag, help: { ...flag, short: 'h' } } as const
    const { values } = parseArgs({ args, options, strict: true })
    if (values.help) return undefined
    const overlapS = values.now || values.revoke ? 0 : Number(values['overlap-s'] ?? OVERLAP_S_DEFAULT)
    if (!Number.isInteger(overlapS) || overlapS < 0 || overlapS > OVERLAP_S_MAX) {
      throw new UsageError(`--overlap-s must be an integer from 0 to ${OVERLAP_S_MAX}`)
    }
    return { overlapS, revoke: values.revoke ?? false }
  },

  run: (options, config, connection) => rotate(config, connection, options),
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

runCommand(rotateKeys)
