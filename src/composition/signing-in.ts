import { ApiKeyService } from '../api-keys/api-key.service'
import { MongooseApiKeyDao } from '../api-keys/api-key.mongoose-dao'
import { AuthService } from '../auth/auth.service'
import { createSessions, type Sessions } from '../auth/create-sessions'
import { BearerGatekeeper } from '../auth/gatekeeper'
import type { Gatekeeper } from '../http/gatekeeper'
import { MongooseMfaDao } from '../mfa/mfa.mongoose-dao'
import { MfaService } from '../mfa/mfa.service'
import type { Foundations } from './foundations'

/** Everything by which callers are known. */
export interface SigningIn {
  readonly sessions: Sessions
  readonly mfa: MfaService
  readonly auth: AuthService
  readonly apiKeys: ApiKeyService
  readonly gatekeeper: Gatekeeper
}

export function createSigningIn(foundations: Foundations): SigningIn {
  const { config, connection, logger, clock, access, roles, limits, verifier, box } = foundations
  const { mongoDeadlineMs: deadlineMs } = config
  const sessions = createSessions({ config, connection, logger, box, users: access, roles, clock })
  const { tokens, callers, people, watch } = sessions
  const mfa = new MfaService({
    dao: new MongooseMfaDao(connection, deadlineMs),
    users: access,
    sessions: sessions.sessions,
    logins: limits.guard,
    box,
    mails: foundations.mailing.mails,
    clock,
  })
  const auth = new AuthService({
    users: access,
    sessions: sessions.sessions,
    guard: limits.guard,
    passwords: verifier,
    secondFactor: mfa,
    clock,
    requireVerifiedEmail: config.requireVerifiedEmail,
  })
  const apiKeys = new ApiKeyService({
    dao: new MongooseApiKeyDao(connection, deadlineMs),
    people,
    freshness: watch,
    clock,
  })
  watch.add(apiKeys)
  const { authMode: mode, bootstrapApiKey, stepUpMaxAgeS } = config
  const gatekeeper = new BearerGatekeeper({ tokens, callers, apiKeys, clock, mode, bootstrapApiKey, stepUpMaxAgeS })
  return { sessions, mfa, auth, apiKeys, gatekeeper }
}
