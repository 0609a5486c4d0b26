import { once } from 'node:events'
import type { Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// Below the ports that systems give to those who connect: one of these stays free while nobody listens on it.
const PORT_MIN = 20_000
const PORT_COUNT = 8_000
const AGAIN_MS = 5_000
const POLL_MS = 5

/** Listens on loopback: on this port, or on a free one for 0. A port that is taken for a moment is waited for. */
export async function listenBelow(server: Server, port: number): Promise<number> {
  const end = performance.now() + AGAIN_MS
  for (;;) {
    const tried = port === 0 ? PORT_MIN + Math.floor(Math.random() * PORT_COUNT) : port
    try {
      server.listen(tried, '127.0.0.1')
      await once(server, 'listening')
      return tried
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || performance.now() > end) throw error
      if (port !== 0) await sleep(POLL_MS)
    }
  }
}
