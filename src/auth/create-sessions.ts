import type { Connection } from 'mongoose'
import type { Logger } from 'winston'
import type { Config } from '../config'
import { RevocationWatch } from '../http/revocation-watch'
import type { RoleService } from '../roles/role.service'
import type { SecretBox } from '../secrets/secret-box'
import type { UserAccessService } from '../users/user-access.service'
import { AccessTokens } from './access-tokens'
import { CallerDirectory } from './caller-directory'
import { PeopleDirectory } from './people'
import { ensureSessionIndexes } from './session.model'
import { MongooseSessionDao } from './session.mongoose-dao'
import { SessionService } from './session.service'
import { ensureSigningKeyIndexes } from './signing-key.model'
import { MongooseSigningKeyDao } from './signing-key.mongoose-dao'
import { SigningKeysService } from './signing-keys.service'

/** The issuer of tokens where nothing says where people reach the service. */
const ISSUER_DEFAULT = 'rollcall'

export interface SessionsDeps {
  readonly config: Pick<
    Config,
    | 'accessTokenTtlS'
    | 'mongoDeadlineMs'
    | 'publicUrl'
    | 'refreshTokenTtlDays'
    | 'sessionTtlDays'
    | 'tokenAudience'
    | 'tokenIssuer'
  >
  readonly connection: Connection
  readonly logger: Logger
  readonly box: SecretBox
  readonly users: UserAccessService
  readonly roles: RoleService
  readonly clock: () => Date
}

/** Sessions and their tokens, and who calls with them. */
export interface Sessions {
  /** Others add what they keep copies of. */
  readonly watch: RevocationWatch
  readonly people: PeopleDirectory
  readonly callers: CallerDirectory
  readonly keys: SigningKeysService
  readonly tokens: AccessTokens
  readonly sessions: SessionService
  /** Makes the database ready. Every process may do so at once. @throws SecretKeyError */
  readonly prepare: () => Promise<void>
  readonly close: () => void
}

export function createSessions(deps: SessionsDeps): Sessions {
  const { config, connection, logger, box, users, roles, clock } = deps
  const { mongoDeadlineMs: deadlineMs, accessTokenTtlS: ttlS, refreshTokenTtlDays, sessionTtlDays } = config
  const watch = new RevocationWatch({
    clock,
    onTrouble: (error) => logger.warn('What has changed cannot be asked: nothing in memory is believed', { error }),
  })
  const dao = new MongooseSessionDao(connection, deadlineMs)
  const people = new PeopleDirectory({ users, roles, freshness: watch, clock })
  const callers = new CallerDirectory({ sessions: dao, people, freshness: watch, clock })
  const keyDao = new MongooseSigningKeyDao(connection, deadlineMs)
  const keys = new SigningKeysService({ dao: keyDao, box, freshness: watch, clock, tokenTtlS: ttlS })
  const issuer = config.tokenIssuer ?? config.publicUrl ?? ISSUER_DEFAULT
  const tokens = new AccessTokens({ keys, freshness: watch, clock, issuer, audience: config.tokenAudience, ttlS })
  for (const source of [tokens, callers.source(), ...people.sources()]) watch.add(source)
  const sessions = new SessionService({ dao, users, tokens, callers, clock, refreshTokenTtlDays, sessionTtlDays })
  const prepare = async () => {
    await Promise.all([ensureSessionIndexes(connection), ensureSigningKeyIndexes(connection)])
    await keys.ensure()
  }
  return { watch, people, callers, keys, tokens, sessions, prepare, close: () => watch.close() }
}
