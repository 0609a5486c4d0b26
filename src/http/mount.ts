import express, { type RequestHandler, type Router } from 'express'
import { AppError } from '../errors'
import { admit } from './access'
import type { Gatekeeper } from './gatekeeper'
import { contextOf } from './context'
import { inputReader } from './input'
import type { Respond } from './responder'
import type { Method, Reply, Resource, Route } from './route'

export const API_PREFIX = '/api/v1'

export interface MountSettings {
  readonly respond: Respond
  readonly requireIfMatch: boolean
  readonly gatekeeper: Gatekeeper
}

/** Mounts a resource's table under `/api/v1` + base, and unversioned under its base and aliases. */
export function mountResource(app: Router, resource: Resource, settings: MountSettings): void {
  const prefixes = [API_PREFIX + resource.base, resource.base, ...(resource.aliases ?? [])]
  app.use(prefixes, routerOf(resource.routes, API_PREFIX + resource.base, settings))
}

/**
 * A router of a table: rows of one path share it, and it answers 405 for the methods that it does not know.
 * @param template what the access log shows before the row's own path.
 */
export function routerOf(rows: readonly Route[], template: string, settings: MountSettings): Router {
  const router = express.Router({ caseSensitive: true })
  for (const path of new Set(rows.map((row) => row.path))) {
    const sharing = rows.filter((row) => row.path === path)
    const route = router.route(path === '' ? '/' : path)
    for (const row of sharing) route[row.method](handlerOf(row, template + path, settings))
    route.all(
      otherMethods(
        sharing.map((row) => row.method),
        settings.respond,
      ),
    )
  }
  return router
}

/** Who calls is known, and let in, before anything of the request is read. */
function handlerOf(row: Route, template: string, settings: MountSettings): RequestHandler {
  const { respond, requireIfMatch, gatekeeper } = settings
  const read = inputReader(row, requireIfMatch)
  return async (req, res) => {
    contextOf(res).route = template
    const known = gatekeeper.identify(req.headers)
    const caller = known instanceof Promise ? await known : known
    admit(row.access, caller, req.params)
    if (row.stepUp) gatekeeper.requireFresh(caller)
    const reply = await row.handle(await read(req, res, caller))
    respond(req, res, row.secret ? unstored(reply) : reply)
  }
}

/** RFC 9111, section 5.2.2.5. */
function unstored(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'no-store' } }
}

/** OPTIONS is answered, anything else refused; both name the methods of this path (RFC 9110, section 15.5.6). */
export function otherMethods(methods: readonly Method[], respond: Respond): RequestHandler {
  const allow = allowedMethods(methods)
  const headers = { Allow: allow }
  return (req, res) => {
    if (req.method !== 'OPTIONS') throw new AppError('METHOD_NOT_ALLOWED', { headers })
    respond(req, res, { status: 204, data: null, message: '', headers })
  }
}

function allowedMethods(methods: readonly Method[]): string {
  const names = methods.map((method) => method.toUpperCase())
  if (methods.includes('get')) names.push('HEAD')
  return [...names, 'OPTIONS'].join(', ')
}
