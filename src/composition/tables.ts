import { accountResource } from '../accounts/account.routes'
import { accountSchemas } from '../accounts/account.schemas'
import { apiKeyResource } from '../api-keys/api-key.routes'
import { authResource } from '../auth/auth.routes'
import { JWKS_PATH } from '../auth/jwks-router'
import { userSessionsResource } from '../auth/user-sessions.routes'
import { createAuthz } from '../authz/create-authz'
import { DOCS_PATHS } from '../docs/docs-router'
import { type ErrorCode, ERRORS } from '../errors'
import type { Resource, Route } from '../http/route'
import { lockoutResource } from '../lockouts/lockout.routes'
import { LockoutService } from '../lockouts/lockout.service'
import { MAILBOX_PATH } from '../mail/dev-mailbox.router'
import { mfaResource, userMfaResource } from '../mfa/mfa.routes'
import { privacyResource } from '../privacy/privacy.routes'
import { roleResource } from '../roles/role.routes'
import { setupResource } from '../setup/setup.routes'
import { userResource } from '../users/user.routes'
import { profileKeys, rolesOfUser, userView } from '../users/user.schemas'
import type { Foundations } from './foundations'
import type { PeopleParts } from './people'
import type { SigningIn } from './signing-in'

/** What answers outside the tables of routes, for everybody. */
const PAGES = [...DOCS_PATHS, '/setup', '/setup/setup.css', '/setup/setup.js', JWKS_PATH]

/** Every table of routes; the last one answers who may call which row of all of them. */
export function createTables(
  foundations: Foundations,
  signingIn: SigningIn,
  people: PeopleParts,
  rootRoutes: readonly Route[],
): readonly Resource[] {
  const { access, roles, limits, config } = foundations
  const { auth, sessions, mfa, apiKeys } = signingIn
  const { stepUpMaxAgeS } = config
  const resources = [
    userResource(people.services),
    roleResource(roles),
    authResource({ auth, sessions: sessions.sessions, stepUpMaxAgeS }, userView),
    userSessionsResource(sessions.sessions, access),
    accountResource(people.accounts.services, accountSchemas({ userView, roles: rolesOfUser, profile: profileKeys })),
    lockoutResource(new LockoutService({ users: access, logins: limits.guard })),
    mfaResource(mfa),
    userMfaResource(mfa),
    apiKeyResource(apiKeys),
    setupResource(people.setup, userView),
    privacyResource(people.privacy, userView),
  ]
  return [...resources, explaining(foundations, signingIn, resources, rootRoutes)]
}

function explaining(
  { authority, roles, config, mailing }: Foundations,
  { sessions: { people }, apiKeys: keys }: SigningIn,
  resources: readonly Resource[],
  rootRoutes: readonly Route[],
): Resource {
  const { validationStatus } = config
  const statusOf = (code: ErrorCode) => (code === 'VALIDATION_FAILED' ? validationStatus : ERRORS[code].status)
  const pages = mailing.routers.length > 0 ? [...PAGES, MAILBOX_PATH, `${MAILBOX_PATH}.json`] : PAGES
  return createAuthz({ people, keys, roles, authority, statusOf }, { resources, rootRoutes, pages })
}
