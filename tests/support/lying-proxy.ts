import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers in place of the server, which it may ask, with the request as it is or another. */
export type Lie = (asked: Asked, ask: (other?: Partial<Asked>) => Promise<Told>) => Promise<Told>

export interface LyingProxy {
  readonly url: string
  lie: Lie
  readonly stop: () => Promise<void>
}

export const HONEST: Lie = (_, ask) => ask()

/** Stands between a client and a server, and says what the server did not. */
export async function startLyingProxy(targetUrl: string): Promise<LyingProxy> {
  const state = { lie: HONEST }
  const answer = async (req: IncomingMessage): Promise<Told> => {
    const { method = 'GET', url: target = '/', headers } = req
    const asked = { method, target, url: new URL(target, targetUrl), headers, body: await textOf(req) }
    return state.lie(asked, (other) => forward(targetUrl, { ...asked, ...other }))
  }
  const server = createServer((req, res) => {
    answer(req).then(
      ({ status, headers, body }) => res.writeHead(status, headers).end(body),
      () => req.socket.destroy(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  })
}

/** An answer with its data changed. */
export function withData(told: Told, change: (data: never) => unknown): Told {
  const envelope = JSON.parse(told.body) as { data: never }
  return { ...told, body: JSON.stringify({ ...envelope, data: change(envelope.data) }) }
}

export function envelope(status: number, data: unknown): Told {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: JSON.stringify({ data, message: 'It is true', status_code: status }) }
}

async function forward(targetUrl: string, { method, target, headers, body }: Asked): Promise<Told> {
  const { host: _, connection: _c, 'content-length': _l, 'transfer-encoding': _t, ...rest } = headers
  const sent = Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)])
  const response = await fetch(targetUrl + target, { method, headers: sent, body: body === '' ? null : body })
  const received = Object.fromEntries(response.headers)
  for (const name of ['connection', 'keep-alive', 'content-length', 'transfer-encoding', 'content-encoding']) {
    Reflect.deleteProperty(received, name)
  }
  return { status: response.status, headers: received, body: await response.text() }
}

async function textOf(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text
}
