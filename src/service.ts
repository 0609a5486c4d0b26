import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Express } from 'express'
import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import { createApp } from './app'
import type { Config } from './config'
import { openGatekeeper } from './http/gatekeeper'
import type { Resource } from './http/route'
import { pingMongo } from './mongo/connect'
import { withDeadline } from './mongo/deadline'
import { createHealth } from './observability/health'
import { ensureRoleIndexes } from './roles/role.model'
import { MongooseRoleDao } from './roles/role.mongoose-dao'
import { roleResource } from './roles/role.routes'
import { RoleService } from './roles/role.service'
import { MongooseAdminGuard } from './users/administrators.mongoose-guard'
import { BcryptHasher } from './passwords/password-hasher'
import { ensureUserIndexes } from './users/user.model'
import { MongooseUserDao } from './users/user.mongoose-dao'
import { UserPasswordsService } from './users/user-passwords.service'
import { UserRolesService } from './users/user-roles.service'
import { userResource } from './users/user.routes'
import { UserService } from './users/user.service'

export interface Service {
  readonly app: Express
  /** Readiness says no from now on, and each answer closes its connection. */
  readonly drain: () => void
}

interface Composition {
  readonly resources: readonly Resource[]
  /** Makes the database ready: indexes, the guard, the system roles. Every process may do so at once. */
  readonly prepare: () => Promise<void>
}

/** Composes the service over an open connection, and makes the database ready. It listens to nothing. */
export async function createService(config: Config, connection: Connection, logger: Logger): Promise<Service> {
  const { resources, prepare } = compose(config, connection)
  await prepare()
  const version = serviceVersion()
  const ping = () => withDeadline(pingMongo(connection), config.mongoDeadlineMs)
  const health = createHealth({ version, pingMongo: ping })
  return {
    app: createApp({ config, logger, version, resources, health, gatekeeper: openGatekeeper }),
    drain: health.drain,
  }
}

function compose(config: Config, connection: Connection): Composition {
  const clock = () => new Date()
  const { bcryptCost: cost, deletedRetentionDays, mongoDeadlineMs } = config
  const dao = new MongooseUserDao(connection, mongoDeadlineMs)
  const guard = new MongooseAdminGuard(connection, mongoDeadlineMs, clock)
  const hasher = new BcryptHasher({ cost, concurrency: availableParallelism() })
  const roles = new RoleService({ dao: new MongooseRoleDao(connection, mongoDeadlineMs), holders: dao, clock })
  const shared = { dao, guard, roles, hasher, clock }
  const services = {
    users: new UserService({ ...shared, deletedRetentionDays }),
    passwords: new UserPasswordsService(shared),
    roles: new UserRolesService(shared),
  }
  return {
    resources: [userResource(services), roleResource(roles)],
    prepare: async () => {
      await Promise.all([ensureUserIndexes(connection), ensureRoleIndexes(connection), guard.ensure()])
      await roles.ensureSystemRoles()
    },
  }
}

/** The version in package.json, which lies beside the sources' folder and the compiled files' folder alike. */
export function serviceVersion(): string {
  const file = readFileSync(join(__dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
