import type { Response } from 'express'

/** What the service knows of one request beside its content. It travels in `res.locals`. */
export interface RequestContext {
  readonly requestId: string
  /** `performance.now()` when the request came in. */
  readonly startedAt: number
  /** The template of the route that answers, never the path that the client chose. */
  route: string | undefined
  /** Length of the body that was sent, before compression. */
  bytes: number
}

export function contextOf(res: Response): RequestContext {
  return (res.locals as { context: RequestContext }).context
}

export function setContext(res: Response, context: RequestContext): void {
  const locals = res.locals as { context: RequestContext }
  locals.context = context
}
