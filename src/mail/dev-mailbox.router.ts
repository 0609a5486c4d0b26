import express, { type Request, type RequestHandler, type Router } from 'express'
import { AppError } from '../errors'
import { contextOf } from '../http/context'
import { otherMethods } from '../http/mount'
import type { Respond } from '../http/responder'
import { isLoopbackHost } from '../http/security'
import type { DevMailbox, KeptMail } from './dev-mailbox'
import { mailboxPage } from './dev-mailbox.page'

export const MAILBOX_PATH = '/dev/mailbox'

/** What proxies add: whoever asks through one is not known to be on this machine. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const
const NO_STORE = { 'Cache-Control': 'no-store' }
/** The page is text and lists: nothing may be loaded, run, framed or sent from it. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * `/dev/mailbox` for people and `/dev/mailbox.json` for tests. Both exist only for this machine: for anybody else they
 * are unknown paths.
 */
export function mailboxRouter(mailbox: Pick<DevMailbox, 'list'>, respond: Respond): Router {
  const router = express.Router({ caseSensitive: true })
  const others = otherMethods(['get'], respond)
  const page: RequestHandler = async (_req, res) => {
    contextOf(res).route = MAILBOX_PATH
    res.set({
      ...NO_STORE,
      'Content-Security-Policy': PAGE_POLICY,
      'Content-Type': 'text/html; charset=utf-8',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'X-Request-Id': contextOf(res).requestId,
    })
    res.end(mailboxPage(await mailbox.list()))
  }
  const json: RequestHandler = async (req, res) => {
    contextOf(res).route = `${MAILBOX_PATH}.json`
    const data: readonly KeptMail[] = await mailbox.list()
    respond(req, res, { status: 200, data, message: 'Mails listed', headers: NO_STORE })
  }
  router.route(MAILBOX_PATH).all(localOnly).get(page).all(others)
  router.route(`${MAILBOX_PATH}.json`).all(localOnly).get(json).all(others)
  return router
}

/**
 * A program on this machine that asks this machine by its own name. A name that resolves here (DNS rebinding), a proxy
 * in front, and a script of another origin are all refused.
 */
const localOnly: RequestHandler = (req, _res, next) => {
  if (!isLocal(req)) throw new AppError('ROUTE_NOT_FOUND')
  next()
}

function isLocal({ headers, socket }: Request): boolean {
  return (
    isLoopbackAddress(socket.remoteAddress) &&
    isLoopbackHost(headers.host ?? '') &&
    headers.origin === undefined &&
    PROXY_HEADERS.every((name) => headers[name] === undefined)
  )
}

function isLoopbackAddress(address = ''): boolean {
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address)
}
