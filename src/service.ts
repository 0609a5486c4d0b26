import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Express } from 'express'
import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import { ensureApiKeyIndexes } from './api-keys/api-key.model'
import { createApp } from './app'
import { jwksRouter } from './auth/jwks-router'
import { createFoundations, type Foundations } from './composition/foundations'
import { createPeople, type PeopleParts } from './composition/people'
import { createSigningIn, type SigningIn } from './composition/signing-in'
import { createTables } from './composition/tables'
import { type Config, ConfigError } from './config'
import { ensureMailboxIndexes } from './mail/dev-mailbox.model'
import { ensureMfaIndexes } from './mfa/mfa.model'
import { pingMongo } from './mongo/connect'
import { withDeadline } from './mongo/deadline'
import { createHealth } from './observability/health'
import type { PrivacyService } from './privacy/privacy.service'
import { startPurgeSweep } from './privacy/purge-sweep'
import { ensureRoleIndexes } from './roles/role.model'
import { ensureSetupIndexes } from './setup/setup-link.model'
import type { SetupService } from './setup/setup.service'
import { setupRouter } from './setup/setup-router'
import { ensureUserIndexes } from './users/user.model'

export interface Service {
  readonly app: Express
  /** Readiness says no from now on, and each answer closes its connection. */
  readonly drain: () => void
  /** The token of a set-up link to print. undefined: none is needed, or another worker of this start prints it. */
  readonly newSetupToken: () => Promise<string | undefined>
  /** Ends what the service opened itself; the connection is the caller's. */
  readonly close: () => Promise<void>
}

interface Parts {
  readonly foundations: Foundations
  readonly signingIn: SigningIn
  readonly people: PeopleParts
}

/** Composes the service over an open connection, and makes the database ready. It listens to nothing. */
export async function createService(config: Config, connection: Connection, logger: Logger): Promise<Service> {
  const parts = compose(config, connection, logger)
  const { foundations, signingIn, people } = parts
  try {
    await prepare(parts)
    await makeAdministrator(people.setup, config, logger)
  } catch (error) {
    await closeAll(parts)
    throw error
  }
  const sweep = startPurgeSweep(people.privacy, logger)
  const version = serviceVersion()
  const ping = () => withDeadline(pingMongo(connection), config.mongoDeadlineMs)
  const health = createHealth({ version, pingMongo: ping })
  return {
    app: createApp({
      config,
      logger,
      version,
      resources: createTables(foundations, signingIn, people, health.routes),
      health,
      gatekeeper: signingIn.gatekeeper,
      authority: foundations.authority,
      rates: foundations.limits.rates,
      passwordPolicy: foundations.policy,
      routers: [setupRouter, (respond) => jwksRouter(signingIn.sessions.keys, respond), ...foundations.mailing.routers],
    }),
    drain: health.drain,
    newSetupToken: async () => (needsSetupLink(config) ? people.setup.newToken() : undefined),
    close: async () => {
      sweep.stop()
      await closeAll(parts)
    },
  }
}

/** What is held on persons, for a command beside the running service. It makes nothing ready. */
export function openPrivacy(
  config: Config,
  connection: Connection,
  logger: Logger,
): { readonly privacy: PrivacyService; readonly close: () => Promise<void> } {
  const parts = compose(config, connection, logger)
  return { privacy: parts.people.privacy, close: () => closeAll(parts) }
}

function compose(config: Config, connection: Connection, logger: Logger): Parts {
  const foundations = createFoundations(config, connection, logger)
  const signingIn = createSigningIn(foundations)
  return { foundations, signingIn, people: createPeople(foundations, signingIn) }
}

/** Makes the database ready: indexes, the guard, keys, the system roles. Every process may do so at once. */
async function prepare({ foundations, signingIn, people }: Parts): Promise<void> {
  const { connection, guard, limits, roles, mailing } = foundations
  await Promise.all([
    ensureUserIndexes(connection),
    ensureRoleIndexes(connection),
    ensureSetupIndexes(connection),
    ensureApiKeyIndexes(connection),
    ensureMfaIndexes(connection),
    mailing.mailbox && ensureMailboxIndexes(connection),
    guard.ensure(),
    limits.prepare(),
    signingIn.sessions.prepare(),
    people.accounts.prepare(),
  ])
  await roles.ensureSystemRoles()
}

async function closeAll({ foundations, signingIn }: Parts): Promise<void> {
  const { background, mailing, verifier, hasher, limits } = foundations
  await background.settle()
  await mailing.mailer.drain()
  await verifier.settled()
  await hasher.close()
  signingIn.sessions.close()
  await limits.close()
}

/** In open mode nobody needs to sign in, and the key from the environment can make an administrator. */
function needsSetupLink({ authMode, bootstrapApiKey }: Config): boolean {
  return authMode === 'required' && bootstrapApiKey === undefined
}

/** @throws ConfigError when the password is not one that a user may have. */
async function makeAdministrator(setup: SetupService, config: Config, logger: Logger): Promise<void> {
  const { adminEmail, adminPassword } = config
  if (adminEmail === undefined || adminPassword === undefined) return
  const outcome = await setup.fromEnvironment(adminEmail, adminPassword)
  if (outcome.kind === 'refused') {
    throw new ConfigError(outcome.problems.map(({ message }) => `ADMIN_PASSWORD is refused: ${message}`))
  }
  if (outcome.kind === 'unverified') {
    throw new ConfigError([
      'ADMIN_EMAIL is the address of a user who has not verified it: take another, or delete the user',
    ])
  }
  if (outcome.kind === 'made') logger.info('The first administrator is made: ADMIN_EMAIL, with ADMIN_PASSWORD')
  if (outcome.kind === 'promoted')
    logger.info('The user of ADMIN_EMAIL is an administrator now; its password is as it was')
}

/** The version in package.json, which lies beside the sources' folder and the compiled files' folder alike. */
export function serviceVersion(): string {
  const file = readFileSync(join(__dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
