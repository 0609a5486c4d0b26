import express, { type Router } from 'express'
import { contextOf } from '../http/context'
import { otherMethods } from '../http/mount'
import type { Respond } from '../http/responder'
import { formSecurity } from '../http/security'
import { SETUP_PAGE, SETUP_SCRIPT, SETUP_STYLE } from './setup-pages'

/**
 * `/setup`: the page behind the link that the first start prints. It holds no secret, whatever its address says, and is
 * the same whether there is an administrator or not. Nobody may keep a copy: the address holds a token.
 */
export function setupRouter(respond: Respond): Router {
  const router = express.Router({ caseSensitive: true })
  const security = formSecurity()
  const others = otherMethods(['get'], respond)
  const add = (path: string, type: string, text: string) => {
    const content = Buffer.from(text)
    router
      .route(path)
      .get(security, (_req, res) => {
        contextOf(res).route = path
        contextOf(res).bytes = content.length
        res.setHeader('X-Request-Id', contextOf(res).requestId)
        res.setHeader('Cache-Control', 'no-store')
        res.setHeader('Content-Type', `${type}; charset=utf-8`)
        res.setHeader('Content-Length', content.length)
        res.writeHead(200).end(content)
      })
      .all(others)
  }
  add('/setup', 'text/html', SETUP_PAGE)
  add('/setup/setup.css', 'text/css', SETUP_STYLE)
  add('/setup/setup.js', 'text/javascript', SETUP_SCRIPT)
  return router
}
