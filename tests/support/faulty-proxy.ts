import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Message, MessageReader } from './http-framing'
import { listenBelow } from './listen-below'
import { Upstream } from './upstream'

/**
 * What goes wrong with one request.
 *
 * The server sees nothing of it:
 * - refuse: the connection is reset, and for `REFUSE_MS` nobody listens: whoever connects is refused.
 * - drop: the connection is reset.
 * - cut-request: half of the request reaches the server, then both connections are reset.
 * - silence: the request is swallowed, and nothing ever comes back.
 * - { status }: an answer of the proxy's own.
 * - stale: a GET is answered as it was answered first.
 *
 * The server does its work:
 * - late: the connection is reset at once, and the request reaches the server `LATE_MS` later.
 * - reset-after: the connection is reset as soon as the request has gone through, while the server is at work.
 * - lose-answer: the connection is reset in place of the answer.
 * - cut-answer: half of the answer arrives, then the connection is reset.
 * - truncate: half of the answer arrives, then the connection ends in order.
 * - shorten: half of the body arrives as if it were all of it, and the connection is kept.
 * - stall: half of the answer arrives, and then nothing more on a connection that stands.
 * - black-hole: nothing ever comes back.
 * - drip: the answer comes byte by byte, `DRIP_MS` apart.
 * - { status, after: true }: the proxy answers something else.
 */
export type Fault =
  | 'none'
  | 'refuse'
  | 'drop'
  | 'cut-request'
  | 'silence'
  | 'stale'
  | 'late'
  | 'reset-after'
  | 'lose-answer'
  | 'cut-answer'
  | 'truncate'
  | 'shorten'
  | 'stall'
  | 'black-hole'
  | 'drip'
  | { readonly status: number; readonly retryAfter?: string; readonly after?: true; readonly body?: string }

/** What goes wrong with a connection before anything is said on it. */
export type ConnectionFault = 'none' | 'reset' | 'black-hole'

export interface Seen {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly at: number
}

export interface FaultyProxy {
  readonly url: string
  /** Every request that came, in order. */
  readonly seen: Seen[]
  /** Decides about each request. */
  plan: (request: Seen) => Fault
  /** Decides about each connection. */
  planConnection: () => ConnectionFault
  readonly stop: () => Promise<void>
}

export const REFUSE_MS = 30
export const LATE_MS = 40
const DRIP_MS = 30

/** Faults in this order, then none. */
export function inTurn<T>(...faults: readonly T[]): () => T | 'none' {
  const waiting = [...faults]
  return () => waiting.shift() ?? 'none'
}

/** Stands between a client and a server, passes bytes from socket to socket, and spoils what it is told to spoil. */
export async function startFaultyProxy(targetUrl: string): Promise<FaultyProxy> {
  const proxy = new FaultyTcpProxy(targetUrl)
  await proxy.listen()
  return proxy
}

class FaultyTcpProxy implements FaultyProxy {
  readonly seen: Seen[] = []
  plan: FaultyProxy['plan'] = () => 'none'
  planConnection: FaultyProxy['planConnection'] = () => 'none'
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  /** The first answer to each GET. */
  readonly #first = new Map<string, Message>()
  readonly #stopping = new AbortController()
  #server: Server | undefined
  #port = 0
  #pause: Promise<void> | undefined

  constructor(targetUrl: string) {
    this.#target = new URL(targetUrl)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    const server = createServer((client) => this.#accept(client))
    this.#port = await listenBelow(server, this.#port)
    this.#server = server
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#pause
    this.#server?.close()
    const open = [...this.#sockets]
    const gone = open.filter((socket) => !socket.closed).map((socket) => once(socket, 'close'))
    for (const socket of open) socket.destroy()
    await Promise.all(gone)
  }

  #accept(client: Socket): void {
    this.#keep(client)
    const fault = this.planConnection()
    if (fault === 'reset') client.resetAndDestroy()
    else if (fault === 'black-hole') client.resume()
    // A client that hangs up in the middle is what this is made for.
    else this.#serve(client).catch(() => client.destroy())
  }

  async #serve(client: Socket): Promise<void> {
    const reader = new MessageReader()
    let upstream: Upstream | undefined
    const behind = () => {
      if (!upstream?.isOpen) upstream = this.#dial(() => client.end())
      return upstream
    }
    try {
      for await (const bytes of client) {
        reader.push(bytes as Buffer)
        for (let request = reader.request(); request; request = reader.request()) {
          await this.#pass(request, client, behind)
        }
      }
    } finally {
      upstream?.close()
    }
  }

  async #pass(request: Message, client: Socket, behind: () => Upstream): Promise<void> {
    const [method = '', target = ''] = request.startLine.split(' ')
    const entry = { method, target, headers: request.headers, at: performance.now() }
    this.seen.push(entry)
    const fault = this.plan(entry)
    const isDone = await this.#spoilRequest(fault, request, method, target, client)
    if (isDone) return
    const answer = await behind().exchange(method, request.bytes)
    if (method === 'GET' && !this.#first.has(target)) this.#first.set(target, answer)
    await spoilAnswer(fault, answer, client)
  }

  /** Whether that was all: nothing is passed on. */
  async #spoilRequest(fault: Fault, request: Message, method: string, target: string, client: Socket) {
    if (typeof fault === 'object') {
      if (!fault.after) client.write(ownAnswer(fault))
      return !fault.after
    }
    switch (fault) {
      case 'silence':
        return true
      case 'stale': {
        const first = method === 'GET' ? this.#first.get(target) : undefined
        if (first) client.write(first.bytes)
        return first !== undefined
      }
      case 'refuse':
        this.#refuse()
        client.resetAndDestroy()
        return true
      case 'drop':
        client.resetAndDestroy()
        return true
      case 'cut-request':
        await this.#dial().break(request.bytes.subarray(0, Math.floor(request.bytes.length / 2)))
        client.resetAndDestroy()
        return true
      case 'late':
      case 'reset-after':
        client.resetAndDestroy()
        void this.#passAlone(request.bytes, method, fault === 'late' ? LATE_MS : 0)
        return true
      default:
        return false
    }
  }

  async #passAlone(request: Buffer, method: string, delayMs: number): Promise<void> {
    if (delayMs > 0) await sleep(delayMs)
    if (this.#stopping.signal.aborted) return
    const upstream = this.#dial()
    await upstream.exchange(method, request).catch(() => undefined)
    upstream.close()
  }

  #refuse(): void {
    this.#pause ??= (async () => {
      this.#server?.close()
      await sleep(REFUSE_MS)
      await this.listen()
      this.#pause = undefined
    })()
  }

  #dial(onIdleEnd?: () => void): Upstream {
    const socket = connect(Number(this.#target.port), this.#target.hostname)
    this.#keep(socket)
    return new Upstream(socket, onIdleEnd)
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket
      .setNoDelay()
      .on('error', () => undefined)
      .once('close', () => this.#sockets.delete(socket))
  }
}

async function spoilAnswer(fault: Fault, answer: Message, client: Socket): Promise<void> {
  if (typeof fault === 'object') return void client.write(ownAnswer(fault))
  switch (fault) {
    case 'black-hole':
      return
    case 'lose-answer':
      return void client.resetAndDestroy()
    case 'cut-answer':
      return void client.write(half(answer), () => client.resetAndDestroy())
    case 'truncate':
      return void client.end(half(answer))
    case 'stall':
      return void client.write(half(answer))
    case 'shorten':
      return void shorten(answer, client)
    case 'drip':
      return drip(answer.bytes, client)
    default:
      return void client.write(answer.bytes)
  }
}

/** Half of the body after the head, or of the head where there is no body. */
function half({ bytes, headBytes }: Message): Buffer {
  const isBodyless = bytes.length === headBytes
  return bytes.subarray(0, Math.floor(isBodyless ? headBytes / 2 : (headBytes + bytes.length) / 2))
}

function shorten(answer: Message, client: Socket): void {
  const length = Number(answer.headers['content-length'])
  // Without a length there is none to be wrong about.
  if (!(length > 1)) return void client.resetAndDestroy()
  const body = answer.bytes.subarray(answer.headBytes, answer.headBytes + Math.floor(length / 2))
  const head = answer.bytes.toString('latin1', 0, answer.headBytes)
  client.write(head.replace(/^content-length:.*$/im, `Content-Length: ${body.length}`), 'latin1')
  client.write(body)
}

async function drip(bytes: Buffer, client: Socket): Promise<void> {
  for (let at = 0; at < bytes.length && !client.destroyed; at += 1) {
    client.write(bytes.subarray(at, at + 1))
    await sleep(DRIP_MS)
  }
}

function ownAnswer({ status, retryAfter, body = '<h1>The proxy says no</h1>' }: Extract<Fault, object>): string {
  const retry = retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`
  const length = `Content-Length: ${Buffer.byteLength(body)}`
  return `HTTP/1.1 ${status} Proxy\r\nContent-Type: text/html\r\n${retry}${length}\r\n\r\n${body}`
}
