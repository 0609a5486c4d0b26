import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** pass: bytes go through. silent: connections stand, and nothing goes through. closed: nobody listens. */
export type ProxyMode = 'pass' | 'silent' | 'closed'

export interface TcpProxy {
  /** `127.0.0.1:PORT`, the same over the proxy's whole life. */
  readonly address: string
  readonly set: (mode: ProxyMode) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Stands between a client and a server that is to fail in a chosen way. */
export async function startTcpProxy(targetHost: string, targetPort: number): Promise<TcpProxy> {
  const state: { mode: ProxyMode } = { mode: 'pass' }
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const target = connect(targetPort, targetHost)
    keep(client)
    keep(target)
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => state.mode === 'pass' && to.write(bytes)).once('close', () => to.destroy())
    }
    forward(client, target)
    forward(target, client)
  })
  const port = await listenOn(server, 0)

  const set = async (mode: ProxyMode) => {
    const wasClosed = state.mode === 'closed'
    state.mode = mode
    if (mode === 'closed' && !wasClosed) await close(server, sockets)
    if (mode !== 'closed' && wasClosed) await listenOn(server, port)
  }
  return {
    address: `127.0.0.1:${port}`,
    set,
    stop: async () => {
      if (state.mode !== 'closed') await close(server, sockets)
    },
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}
