import { once } from 'node:events'
import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long requests in flight may take once the server accepts no more, in milliseconds. */
const CLOSE_TIMEOUT_MS = 10_000
const IDLE_CHECK_MS = 50

/**
 * Ends a server without breaking a request: for `drainMs` it goes on answering (the caller has made readiness say no, and
 * each answer close its connection), then it accepts no more, and what is in flight gets CLOSE_TIMEOUT_MS.
 */
export async function closeGracefully(server: Server, drainMs: number): Promise<void> {
  await sleep(drainMs)
  const closed = once(server, 'close')
  server.close()
  // Connections that fall idle after `close` are not closed by it.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const bound = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS)
  await closed
  clearInterval(idle)
  clearTimeout(bound)
}

/** Listens, and resolves with the port; rejects when the address cannot be had. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
