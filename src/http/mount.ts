import express, { type RequestHandler, type Response, type Router } from 'express'
import { AppError } from '../errors'
import type { RateLimiter } from '../limits/rate-limiter'
import { admit } from './access'
import type { Authority } from './authority'
import { ANONYMOUS } from './caller'
import type { Gatekeeper } from './gatekeeper'
import { contextOf } from './context'
import { inputReader } from './input'
import type { Respond } from './responder'
import type { Method, Reply, Resource, Route } from './route'
import type { ValidationContext } from './validate'

export const API_PREFIX = '/api/v1'

export interface MountSettings {
  readonly respond: Respond
  readonly requireIfMatch: boolean
  readonly gatekeeper: Gatekeeper
  readonly authority: Authority
  readonly rates: RateLimiter
  /** What the schemas of bodies may look up. */
  readonly context: ValidationContext
}

/** Mounts a resource's table under `/api/v1` + base, and unversioned under its base and aliases. */
export function mountResource(app: Router, resource: Resource, settings: MountSettings): void {
  app.use(prefixesOf(resource), routerOf(resource.routes, API_PREFIX + resource.base, settings))
}

/** Where a resource's table answers, the canonical place first. */
export function prefixesOf({ base, aliases = [] }: Resource): string[] {
  return [API_PREFIX + base, base, ...aliases]
}

/**
 * A router of a table: rows of one path share it, and it answers 405 for the methods that it does not know.
 * @param template what the access log shows before the row's own path.
 */
export function routerOf(rows: readonly Route[], template: string, settings: MountSettings): Router {
  return tableRouter(rows, {
    row: (row) => handlerOf(row, template + row.path, settings),
    otherwise: (methods) => otherMethods(methods, settings.respond),
  })
}

/** What a router of a table does with a request. */
export interface TableHandlers {
  readonly row: (row: Route) => RequestHandler
  /** For any other method of a path that has these. */
  readonly otherwise: (methods: readonly Method[]) => RequestHandler
}

/** The one way in which tables become routers, whatever these do then. */
export function tableRouter(rows: readonly Route[], { row: handler, otherwise }: TableHandlers): Router {
  const router = express.Router({ caseSensitive: true })
  for (const path of new Set(rows.map((row) => row.path))) {
    const sharing = rows.filter((row) => row.path === path)
    const route = router.route(path === '' ? '/' : path)
    for (const row of sharing) route[row.method](handler(row))
    route.all(otherwise(sharing.map((row) => row.method)))
  }
  return router
}

/**
 * Who calls is known, and let in, before anything of the request is read. Where anybody may call, credentials are not
 * looked at: a client that sends its ended token along with everything can still refresh it.
 */
function handlerOf(row: Route, template: string, settings: MountSettings): RequestHandler {
  const { respond, requireIfMatch, gatekeeper, authority, rates } = settings
  const read = inputReader(row, requireIfMatch, settings.context)
  return async (req, res) => {
    contextOf(res).route = template
    const known = row.access.to === 'anyone' ? ANONYMOUS : gatekeeper.identify(req.headers)
    const caller = known instanceof Promise ? await known : known
    admit(row.access, caller, req.params)
    if (row.limit) tell(res, await rates.limit(row.limit, req.ip ?? ''))
    if (row.stepUp) await gatekeeper.requireFresh(caller)
    if (row.rank) await authority.requireOver(caller, String(req.params['id']))
    const reply = await row.handle(await read(req, res, caller))
    respond(req, res, row.secret ? unstored(reply) : reply)
  }
}

/** Whatever the answer becomes, it carries these. */
function tell(res: Response, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
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
