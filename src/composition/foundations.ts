import { availableParallelism } from 'node:os'
import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import { Background } from '../accounts/background'
import type { Config } from '../config'
import { createLimits, type Limits } from '../limits/limits'
import { createMailing, type Mailing } from '../mail/create-mailing'
import { BcryptHasher, hashingThreads } from '../passwords/password-hasher'
import { createPasswordPolicy, type PasswordPolicy } from '../passwords/password-policy'
import { PasswordVerifier } from '../passwords/password-verifier'
import { MongooseRoleDao } from '../roles/role.mongoose-dao'
import { RoleService } from '../roles/role.service'
import { encryptionKeyIn } from '../secrets/key-file'
import { createSecretBox, type SecretBox } from '../secrets/secret-box'
import { MongooseAdminGuard } from '../users/administrators.mongoose-guard'
import { UserAccessService } from '../users/user-access.service'
import { MongooseUserAccessDao } from '../users/user-access.mongoose-dao'
import { UserAuthorityService } from '../users/user-authority.service'
import { MongooseUserDao } from '../users/user.mongoose-dao'

/** What everything else is built on. */
export interface Foundations {
  readonly config: Config
  readonly connection: Connection
  readonly logger: Logger
  readonly clock: () => Date
  readonly dao: MongooseUserDao
  readonly guard: MongooseAdminGuard
  readonly roles: RoleService
  readonly authority: UserAuthorityService
  readonly access: UserAccessService
  readonly hasher: BcryptHasher
  readonly verifier: PasswordVerifier
  readonly policy: PasswordPolicy
  readonly mailing: Mailing
  readonly background: Background
  readonly limits: Limits
  readonly box: SecretBox
}

export function createFoundations(config: Config, connection: Connection, logger: Logger): Foundations {
  const clock = () => new Date()
  const { bcryptCost: cost, mongoDeadlineMs: deadlineMs } = config
  const dao = new MongooseUserDao(connection, deadlineMs, config.deletedEmail)
  const guard = new MongooseAdminGuard(connection, deadlineMs, clock)
  const roles = new RoleService({ dao: new MongooseRoleDao(connection, deadlineMs), holders: dao, clock })
  const access = new UserAccessService({ access: new MongooseUserAccessDao(connection, deadlineMs), dao, guard, clock })
  const hasher = new BcryptHasher({ cost, concurrency: hashingThreads(availableParallelism(), config.workers) })
  const mailing = createMailing(config, connection, logger)
  const background = new Background(logger)
  return {
    config,
    connection,
    logger,
    clock,
    dao,
    guard,
    roles,
    authority: new UserAuthorityService({ dao, roles, clock }),
    access,
    hasher,
    verifier: new PasswordVerifier(hasher, cost),
    policy: createPasswordPolicy(config.password),
    mailing,
    background,
    limits: createLimits({
      connection,
      deadlineMs,
      redisUrl: config.redisUrl,
      login: config.login,
      clock,
      logger,
      onLocked: lockNotice(background, access, mailing),
    }),
    box: createSecretBox(encryptionKeyOf(config)),
  }
}

/** Tells the owner, if the account has one; whoever is refused does not wait for it. */
function lockNotice(background: Background, access: UserAccessService, { mails }: Mailing) {
  return (account: string) =>
    background.run('notice of a lock', async () => {
      if (await access.credentialsByEmail(account)) mails.send(account, 'accountLocked')
    })
}

/** An installation on one machine keeps a key beside its data; elsewhere the configuration asks for one. */
function encryptionKeyOf({ encryptionKey, nodeEnv, mongoUri, dataDir }: Config): Buffer | undefined {
  if (encryptionKey !== undefined || mongoUri !== undefined) return encryptionKey
  return encryptionKeyIn(dataDir, nodeEnv === 'production')
}
