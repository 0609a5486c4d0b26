import express, { type Router } from 'express'
import { contextOf } from '../http/context'
import { otherMethods } from '../http/mount'
import type { Respond } from '../http/responder'
import { dataSecurityHeaders } from '../http/security'
import type { SigningKeysService } from './signing-keys.service'

export const JWKS_PATH = '/.well-known/jwks.json'
/** A new key is published for as long as this before it signs, in seconds. */
const MAX_AGE_S = 60

/** The public keys of access tokens, so that other services can verify them: a bare key set (RFC 7517), no envelope. */
export function jwksRouter(keys: Pick<SigningKeysService, 'jwks'>, respond: Respond): Router {
  const router = express.Router({ caseSensitive: true })
  const security = dataSecurityHeaders()
  router
    .route(JWKS_PATH)
    .get(async (_req, res) => {
      const context = contextOf(res)
      context.route = JWKS_PATH
      const body = Buffer.from(JSON.stringify(await keys.jwks()))
      context.bytes = body.length
      const own = ['X-Request-Id', context.requestId, 'Cache-Control', `public, max-age=${MAX_AGE_S}`]
      const entity = ['Content-Type', 'application/jwk-set+json', 'Content-Length', String(body.length)]
      res.writeHead(200, [...security, ...own, ...entity]).end(body)
    })
    .all(otherMethods(['get'], respond))
  return router
}
