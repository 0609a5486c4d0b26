import type { Request, Response } from 'express'
import morgan from 'morgan'
import type { Logger } from 'winston'
import { contextOf } from '../http/context'
import { PLAIN } from './logger'

/** A function to call once for each answer that has left. undefined when nobody would see the line. */
export function accessLog(logger: Logger): ((res: Response) => void) | undefined {
  if (logger.silent || !logger.isInfoEnabled()) return undefined
  // `immediate`: morgan writes when it is called. Otherwise it would wrap `writeHead` and set all headers one by one to
  // find out when the answer begins; the caller already knows when it has ended.
  const stream = { writableObjectMode: true, write: (entry: object) => logger.write(entry) }
  const write = morgan<Request, Response>(entryOf as never, { immediate: true, stream: stream as never })
  return (res) => write(res.req, res, ignore)
}

function ignore(): void {
  // morgan is used beside the chain of middleware, not in it.
}

/** One entry: the path without its query, which may hold what is nobody's business. */
function entryOf(_tokens: unknown, req: Request, res: Response): object {
  const { requestId, route, startedAt, bytes } = contextOf(res)
  const path = pathOf(req.originalUrl)
  return {
    [PLAIN]: true,
    level: 'info',
    message: `${req.method} ${route ?? path} ${res.statusCode}`,
    request_id: requestId,
    method: req.method,
    route: route ?? null,
    path,
    status: res.statusCode,
    duration_ms: Math.round((performance.now() - startedAt) * 1_000) / 1_000,
    bytes,
    ...(res.writableFinished ? {} : { aborted: true }),
  }
}

function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}
