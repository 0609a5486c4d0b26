import type { RequestHandler, Response } from 'express'
import { setContext } from './context'
import { requestIdOf } from './request-id'
import { requireLoopbackHost } from './security'

export interface EntrySettings {
  /** Answer loopback Host headers alone. */
  readonly loopbackOnly: boolean
  /** From then on each answer closes its connection, so that clients go where the next process listens. */
  readonly isDraining: () => boolean
  /** Called once when the answer has left, or the connection broke before. */
  readonly onClose: ((res: Response) => void) | undefined
}

/** The first middleware: names the request, sees to its line in the access log, and checks whom it was meant for. */
export function entry({ loopbackOnly, isDraining, onClose }: EntrySettings): RequestHandler {
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
    if (loopbackOnly) requireLoopbackHost(req.headers.host)
    next()
  }
}
