import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection'
import type { Dispatcher } from './dispatch'
import type { Engine } from './engine'
import { readingShared } from './shared-read'
import { Traffic } from './traffic'

/** Connections at a time; one more is closed at once. */
export const CONNECTIONS_MAX = 5_000
/** How long open connections may take to finish what they do when the server closes. */
const CLOSE_MS_MAX = 1_000
/** The addresses of this machine alone. The server asks nobody who they are, so nobody else may reach it. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/** How long a message may take to come whole, from its first byte on. */
export const MESSAGE_MS_MAX = 60_000
/** How often it looks for clients that have stopped in the middle of a message. */
const PROGRESS_CHECK_MS = 1_000

/** How often it looks whether the last connection has gone, in milliseconds. */
const QUIET_CHECK_MS = 50

export interface WireServer {
  readonly port: number
  /** Resolves when no connection is open any more, after `ms` at the latest. */
  quiet(ms: number): Promise<void>
  /** False when connections were still at work after the time that they have for it. */
  close(): Promise<boolean>
}

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly messageMsMax: number
}

/** Listens for drivers. Rejects when the port cannot be had. */
export async function listen(engine: Engine, dispatcher: Dispatcher, options: ListenOptions): Promise<WireServer> {
  if (!LOOPBACK_HOSTS.includes(options.host)) throw new RangeError(`${options.host} is no loopback address`)
  const connections = new Set<Connection>()
  const shared: Shared = { engine, dispatcher, connections, traffic: new Traffic() }
  const server = createServer({ pauseOnConnect: true }, (accepted) => accept(shared, accepted))
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const check = setInterval(() => {
    const now = performance.now()
    for (const connection of connections) connection.checkProgress(now, options.messageMsMax)
  }, PROGRESS_CHECK_MS)
  check.unref()
  server.once('close', () => clearInterval(check))
  const { port } = server.address() as AddressInfo
  return { port, quiet: (ms) => quiet(connections, ms), close: () => close(server, connections) }
}

/** What all connections share. */
interface Shared {
  readonly engine: Engine
  readonly dispatcher: Dispatcher
  readonly connections: Set<Connection>
  readonly traffic: Traffic
}

function accept(shared: Shared, accepted: Socket): void {
  const { engine, connections } = shared
  const socket = readingShared(accepted, (chunk) => connection.receive(chunk))
  const { counters } = engine
  const id = ++counters.connectionsCreated
  const remote = addressOf(socket.remoteAddress, socket.remotePort)
  const local = addressOf(socket.localAddress, socket.localPort)
  const connection = new Connection(socket, { id, remote, local }, shared)
  connections.add(connection)
  counters.connections++
  socket.once('close', () => {
    // What it has asked for may still be under way, and reads.
    void connection.idle().then(() => connections.delete(connection))
    counters.connections--
  })
}

function addressOf(host = '', port = 0): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

async function quiet(connections: ReadonlySet<Connection>, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (connections.size > 0 && performance.now() < end) await sleep(QUIET_CHECK_MS)
}

async function close(server: Server, connections: ReadonlySet<Connection>): Promise<boolean> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const timeout = new Promise<false>((resolve) => setTimeout(() => resolve(false), CLOSE_MS_MAX).unref())
  const ended = Promise.all([...connections].map((connection) => connection.end())).then(async () => {
    await closed
    return true
  })
  return Promise.race([ended, timeout])
}
