import cors from 'cors'
import express, { type Express, type Router } from 'express'
import type { Logger } from 'winston'
import type { Config } from './config'
import { docsRouter } from './docs/docs-router'
import { openApiDocument } from './docs/openapi'
import type { Authority } from './http/authority'
import { entry } from './http/entry'
import { errorHandler, routeNotFound } from './http/error-handler'
import type { Gatekeeper } from './http/gatekeeper'
import { mountResource, routerOf } from './http/mount'
import { createResponder, type Respond } from './http/responder'
import type { Resource } from './http/route'
import { dataSecurityHeaders } from './http/security'
import type { RateLimiter } from './limits/rate-limiter'
import { toServiceError } from './mongo/mongo-errors'
import { accessLog } from './observability/access-log'
import type { Health } from './observability/health'
import type { PasswordPolicy } from './passwords/password-policy'
import type { PasswordContext } from './passwords/password-schema'

export interface AppDependencies {
  readonly config: Pick<
    Config,
    'authMode' | 'corsOrigins' | 'hstsMaxAgeS' | 'requireIfMatch' | 'trustProxy' | 'validationStatus'
  >
  readonly logger: Logger
  readonly version: string
  readonly resources: readonly Resource[]
  readonly health: Pick<Health, 'routes' | 'isDraining'>
  readonly gatekeeper: Gatekeeper
  readonly authority: Authority
  readonly rates: RateLimiter
  readonly passwordPolicy: PasswordPolicy
  /** What is no table of routes: pages, and files in a format of their own. */
  readonly routers?: readonly ((respond: Respond) => Router)[]
}

/** Headers of every answer that is data. A version decides whether a copy is fresh, so nobody may assume that it is. */
export function dataHeaders(): readonly string[] {
  return [...dataSecurityHeaders(), 'Cache-Control', 'private, no-cache']
}

/** Composes the HTTP side. Opens nothing, listens to nothing. */
export function createApp(dependencies: AppDependencies): Express {
  const {
    config,
    logger,
    version,
    resources,
    health,
    gatekeeper,
    authority,
    rates,
    passwordPolicy,
    routers = [],
  } = dependencies
  const { authMode, requireIfMatch, validationStatus } = config
  const respond = createResponder(dataHeaders())
  const context: PasswordContext = { passwordPolicy }
  const settings = { respond, requireIfMatch, gatekeeper, authority, rates, context: { ...context } }

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.set('trust proxy', config.trustProxy)

  app.use(
    entry({
      loopbackOnly: config.authMode === 'open',
      hstsMaxAgeS: config.hstsMaxAgeS,
      isDraining: health.isDraining,
      onClose: accessLog(logger),
    }),
  )
  if (config.corsOrigins.length > 0) app.use(crossOrigin(config.corsOrigins))
  for (const resource of resources) mountResource(app, resource, settings)
  app.use(routerOf(health.routes, '', settings))
  const rootRoutes = health.routes
  const document = openApiDocument({
    version,
    resources,
    rootRoutes,
    validationStatus,
    requireIfMatch,
    authMode,
    passwordPolicy,
  })
  app.use(docsRouter(document, respond))
  for (const router of routers) app.use(router(respond))
  app.use(routeNotFound)
  app.use(errorHandler({ respond, logger, validationStatus, translate: toServiceError }))
  return app
}

const EXPOSED = [
  'Content-Disposition',
  'ETag',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Next-Cursor',
  'X-Request-Id',
  'X-Total-Count',
]
const PREFLIGHT_MAX_AGE_S = 600

/** Credentials here are a header that scripts set: no cookies, so browsers have none to add by themselves. */
function crossOrigin(origins: readonly string[]) {
  return cors({ origin: [...origins], exposedHeaders: EXPOSED, maxAge: PREFLIGHT_MAX_AGE_S })
}
