import cors from 'cors'
import express, { type Express } from 'express'
import type { Logger } from 'winston'
import type { Config } from './config'
import { docsRouter } from './docs/docs-router'
import { openApiDocument } from './docs/openapi'
import { entry } from './http/entry'
import { errorHandler, routeNotFound } from './http/error-handler'
import type { Gatekeeper } from './http/gatekeeper'
import { mountResource, routerOf } from './http/mount'
import { createResponder } from './http/responder'
import type { Resource } from './http/route'
import { dataSecurityHeaders } from './http/security'
import { toServiceError } from './mongo/mongo-errors'
import { accessLog } from './observability/access-log'
import type { Health } from './observability/health'

export interface AppDependencies {
  readonly config: Pick<Config, 'authMode' | 'corsOrigins' | 'requireIfMatch' | 'trustProxy' | 'validationStatus'>
  readonly logger: Logger
  readonly version: string
  readonly resources: readonly Resource[]
  readonly health: Pick<Health, 'routes' | 'isDraining'>
  readonly gatekeeper: Gatekeeper
}

/** Headers of every answer that is data. A version decides whether a copy is fresh, so nobody may assume that it is. */
export function dataHeaders(): readonly string[] {
  return [...dataSecurityHeaders(), 'Cache-Control', 'private, no-cache']
}

/** Composes the HTTP side. Opens nothing, listens to nothing. */
export function createApp({ config, logger, version, resources, health, gatekeeper }: AppDependencies): Express {
  const { requireIfMatch, validationStatus } = config
  const respond = createResponder(dataHeaders())
  const settings = { respond, requireIfMatch, gatekeeper }

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.set('trust proxy', config.trustProxy)

  app.use(
    entry({ loopbackOnly: config.authMode === 'open', isDraining: health.isDraining, onClose: accessLog(logger) }),
  )
  if (config.corsOrigins.length > 0) app.use(crossOrigin(config.corsOrigins))
  for (const resource of resources) mountResource(app, resource, settings)
  app.use(routerOf(health.routes, '', settings))
  const rootRoutes = health.routes
  const document = openApiDocument({ version, resources, rootRoutes, validationStatus, requireIfMatch })
  app.use(docsRouter(document, respond))
  app.use(routeNotFound)
  app.use(errorHandler({ respond, logger, validationStatus, translate: toServiceError }))
  return app
}

const EXPOSED = ['ETag', 'Link', 'Location', 'Retry-After', 'X-Next-Cursor', 'X-Request-Id', 'X-Total-Count']
const PREFLIGHT_MAX_AGE_S = 600

function crossOrigin(origins: readonly string[]) {
  return cors({ origin: [...origins], exposedHeaders: EXPOSED, maxAge: PREFLIGHT_MAX_AGE_S })
}
