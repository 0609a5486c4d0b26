import type { RequestHandler, Response } from 'express'
import { setContext } from './context'
import { requestIdOf } from './request-id'
import { requireLoopbackHost } from './security'

export interface EntrySettings {
  /** Answer loopback Host headers alone. */
  readonly loopbackOnly: boolean
  /** How long browsers shall come over TLS alone, in seconds; 0: nothing is said. */
  readonly hstsMaxAgeS: number
  /** From then on each answer closes its connection, so that clients go where the next process listens. */
  readonly isDraining: () => boolean
  /** Called once when the answer has left, or the connection broke before. */
  readonly onClose: ((res: Response) => void) | undefined
}

/** The first middleware: names the request, sees to its line in the access log, and checks whom it was meant for. */
export function entry({ loopbackOnly, hstsMaxAgeS, isDraining, onClose }: EntrySettings): RequestHandler {
  const closed = function (this: Response): void {
    onClose?.(this)
  }
  return (req, res, next) => {
    setContext(res, {
      requestId: requestIdOf(req.headers['x-request-id']),
      startedAt: performance.now(),
      route: undefined,
      bytes: 0,
    })
    if (isDraining()) res.shouldKeepAlive = false
    if (onClose) res.once('close', closed)
    // Over plain HTTP browsers ignore it (RFC 6797, section 7.2); `secure` believes a trusted proxy alone.
    if (hstsMaxAgeS > 0 && req.secure) res.setHeader('Strict-Transport-Security', `max-age=${hstsMaxAgeS}`)
    if (loopbackOnly) requireLoopbackHost(req.headers.host)
    next()
  }
}
