import compression from 'compression'
import type { Request, Response } from 'express'
import { contextOf } from './context'
import { envelope } from './envelope'
import type { Reply } from './route'

export type Respond = (req: Request, res: Response, reply: Reply) => void

const COMPRESSION_BYTES_MIN = 1_024
const NO_CONTENT = 204
const NOT_MODIFIED = 304

/**
 * The one place that answers. Status, headers and body leave in one write: `baseHeaders` (flat: name, value, …) go out
 * with every answer and are not set one by one. Only bodies worth compressing meet the compression middleware.
 */
export function createResponder(baseHeaders: readonly string[]): Respond {
  const compress = compression({ threshold: COMPRESSION_BYTES_MIN })
  const withoutCaching = without('Cache-Control', baseHeaders)

  return (req, res, { status, data, message, headers }) => {
    const context = contextOf(res)
    const head = [...(headers && 'Cache-Control' in headers ? withoutCaching : baseHeaders)]
    head.push('X-Request-Id', context.requestId)
    if (headers) for (const name in headers) head.push(name, headers[name] as string)
    if (status === NO_CONTENT || status === NOT_MODIFIED) {
      res.writeHead(status, head).end()
      return
    }
    const body = envelope(status, data, message)
    context.bytes = Buffer.byteLength(body)
    head.push('Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(context.bytes))
    const send = () => res.writeHead(status, head).end(body)
    if (context.bytes < COMPRESSION_BYTES_MIN) send()
    else compress(req, res, send)
  }
}

/** A flat list of headers (name, value, …) without one of them. */
function without(name: string, headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => headers[at - (at % 2)] !== name)
}
