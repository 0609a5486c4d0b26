import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import compression from 'compression'
import express, { type RequestHandler, type Response, type Router } from 'express'
import { pageSecurity } from '../http/security'
import { contextOf } from '../http/context'
import { otherMethods } from '../http/mount'
import type { Respond } from '../http/responder'
import { REDOC_PAGE, REDOC_SCRIPT, SWAGGER_PAGE, SWAGGER_SCRIPT } from './pages'

const SWAGGER_ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']
/** ReDoc's bundle draws its maker's logo from a CDN. Ours loads nothing from elsewhere. */
const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg'
const EMPTY_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='

/** All that answers here, for everybody. */
export const DOCS_PATHS: readonly string[] = [
  '/openapi.json',
  '/docs',
  '/docs/init.js',
  ...SWAGGER_ASSETS.map((name) => `/docs/${name}`),
  '/redoc',
  '/redoc/init.js',
  '/redoc/redoc.standalone.js',
]

const ASSETS_MAX_AGE_S = 86_400
const FRESH = 'no-cache'
const CACHED = `public, max-age=${ASSETS_MAX_AGE_S}`

interface Served {
  readonly type: string
  readonly cache: string
  readonly content: Buffer
  readonly etag: string
}

/**
 * `/openapi.json`, `/docs` (Swagger UI) and `/redoc`. All that the pages load comes from here. The viewers' bundles are
 * read when first asked for, once.
 */
export function docsRouter(document: object, respond: Respond): Router {
  const router = express.Router({ caseSensitive: true })
  const security = pageSecurity()
  const compress = compression()
  const others = otherMethods(['get'], respond)
  const add = (path: string, load: () => Served) =>
    router
      .route(path)
      .get(security, compress, servedBy(path, onceOnly(load)))
      .all(others)

  add('/openapi.json', () => text('application/json', FRESH, JSON.stringify(document)))
  add('/docs', () => text('text/html', FRESH, SWAGGER_PAGE))
  add('/docs/init.js', () => text('text/javascript', CACHED, SWAGGER_SCRIPT))
  for (const name of SWAGGER_ASSETS) add(`/docs/${name}`, () => file(join(packageFolder('swagger-ui-dist'), name)))
  add('/redoc', () => text('text/html', FRESH, REDOC_PAGE))
  add('/redoc/init.js', () => text('text/javascript', CACHED, REDOC_SCRIPT))
  add('/redoc/redoc.standalone.js', redocBundle)
  return router
}

function servedBy(path: string, load: () => Served): RequestHandler {
  return (req, res) => {
    contextOf(res).route = path
    res.setHeader('X-Request-Id', contextOf(res).requestId)
    send(req.headers['if-none-match'], res, load())
  }
}

function send(known: string | undefined, res: Response, { type, cache, content, etag }: Served): void {
  res.setHeader('Cache-Control', cache)
  res.setHeader('ETag', etag)
  if (known === etag) {
    res.writeHead(304).end()
    return
  }
  contextOf(res).bytes = content.length
  res.setHeader('Content-Type', type)
  res.setHeader('Content-Length', content.length)
  res.writeHead(200).end(content)
}

function onceOnly<T>(load: () => T): () => T {
  let loaded: { readonly value: T } | undefined
  return () => (loaded ??= { value: load() }).value
}

function text(type: string, cache: string, content: string): Served {
  return served(`${type}; charset=utf-8`, cache, Buffer.from(content))
}

const TYPES: Readonly<Record<string, string>> = { css: 'text/css', js: 'text/javascript', png: 'image/png' }

function file(path: string): Served {
  const extension = path.slice(path.lastIndexOf('.') + 1)
  return served(TYPES[extension] ?? 'application/octet-stream', CACHED, readFileSync(path))
}

function redocBundle(): Served {
  const path = join(packageFolder('redoc'), 'bundles', 'redoc.standalone.js')
  return text('text/javascript', CACHED, readFileSync(path, 'utf8').replaceAll(REDOC_LOGO, EMPTY_IMAGE))
}

function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`))
}

/** Compressed or not, it is the same text: the tag is weak. */
function served(type: string, cache: string, content: Buffer): Served {
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 22)
  return { type, cache, content, etag: `W/"${hash}"` }
}
