import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What goes wrong with one request.
 * - drop: the connection is reset before the server sees the request.
 * - lose-answer: the server does its work; the connection is reset in place of its answer.
 * - cut-answer: half of the answer arrives, then the connection is reset.
 * - black-hole: the server does its work, and nothing ever comes back.
 * - drip: the answer comes byte by byte, `DRIP_MS` apart.
 * - { status }: an answer of the proxy's own; the server sees nothing.
 * - { status, after: true }: the server does its work, and the proxy answers something else.
 * - stale: a GET is answered as it was answered first.
 */
export type Fault =
  | 'none'
  | 'drop'
  | 'lose-answer'
  | 'cut-answer'
  | 'black-hole'
  | 'drip'
  | 'stale'
  | { readonly status: number; readonly retryAfter?: string; readonly after?: true; readonly body?: string }

export interface Seen {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly at: number
}

export interface FaultyProxy {
  readonly url: string
  /** Every request that came, in order. */
  readonly seen: Seen[]
  /** Decides about each request. */
  plan: (request: Seen) => Fault
  readonly stop: () => Promise<void>
}

interface Whole {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const DRIP_MS = 30

/** Faults in this order, then none. */
export function inTurn(...faults: readonly Fault[]): (request: Seen) => Fault {
  const waiting = [...faults]
  return () => waiting.shift() ?? 'none'
}

/** Stands between a client and a server on real sockets, and spoils what it is told to spoil. */
export async function startFaultyProxy(targetUrl: string): Promise<FaultyProxy> {
  const agent = new Agent({ keepAlive: true })
  const first = new Map<string, Whole>()
  const seen: Seen[] = []
  const proxy: { plan: FaultyProxy['plan'] } = { plan: () => 'none' }

  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const { method = 'GET', url: target = '/', headers } = req
    const body = await wholeBody(req)
    const entry = { method, target, headers, at: performance.now() }
    seen.push(entry)
    const fault = proxy.plan(entry)
    if (fault === 'drop') return void req.socket.resetAndDestroy()
    if (typeof fault === 'object' && !fault.after) return void answerOwn(res, fault)
    const remembered = method === 'GET' ? first.get(target) : undefined
    if (fault === 'stale' && remembered) return void answerWhole(res, remembered)
    const answer = await forward(agent, targetUrl, req, body)
    if (method === 'GET' && !first.has(target)) first.set(target, answer)
    return spoil(req, res, answer, fault)
  }
  const server = createServer((req, res) => {
    handle(req, res).catch(() => req.socket.resetAndDestroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: async () => {
      agent.destroy()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}

async function spoil(req: IncomingMessage, res: ServerResponse, answer: Whole, fault: Fault): Promise<void> {
  if (typeof fault === 'object') return void answerOwn(res, fault)
  if (fault === 'black-hole') return
  if (fault === 'lose-answer') return void req.socket.resetAndDestroy()
  if (fault === 'cut-answer') {
    writeHead(res, answer)
    const half = answer.body.subarray(0, Math.floor(answer.body.length / 2))
    // Half of a body, or a head alone: either way the rest never comes.
    return void (half.length > 0 ? res.write(half, () => req.socket.resetAndDestroy()) : req.socket.resetAndDestroy())
  }
  if (fault === 'drip') {
    writeHead(res, answer)
    for (const byte of answer.body) {
      if (res.destroyed) return
      res.write(Buffer.of(byte))
      await sleep(DRIP_MS)
    }
    return void res.end()
  }
  return void answerWhole(res, answer)
}

function answerOwn(res: ServerResponse, { status, retryAfter, body }: Extract<Fault, object>): void {
  if (retryAfter !== undefined) res.setHeader('Retry-After', retryAfter)
  res.writeHead(status, { 'Content-Type': 'text/html' }).end(body ?? '<h1>The proxy says no</h1>')
}

function answerWhole(res: ServerResponse, answer: Whole): void {
  writeHead(res, answer)
  res.end(answer.body)
}

function writeHead(res: ServerResponse, { status, headers, body }: Whole): void {
  const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, 'content-length': _l, ...rest } = headers
  const bodyless = status === 204 || status === 304
  res.writeHead(status, { ...rest, ...(bodyless ? {} : { 'content-length': body.length }) })
}

async function forward(agent: Agent, url: string, req: IncomingMessage, body: Buffer): Promise<Whole> {
  const { host: _, connection: _c, ...headers } = req.headers
  const outgoing = request(url + (req.url ?? '/'), { method: req.method, headers, agent })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await wholeBody(response) }
}

async function wholeBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
