import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface SlowReaderLimits {
  /** How often the connections are looked at, in milliseconds. */
  readonly lookMs: number
  /** What a client must have taken from one look to the next while there is more for it, in bytes. */
  readonly bytesMin: number
}

interface Watched {
  /** What the client had taken when there was more for it at the last look; undefined: it had all. */
  takenBefore: number | undefined
}

/**
 * Cuts clients that do not take their answer: the answer stays in memory for as long as they like, and Node sets no
 * limit to that. Whoever takes less than `bytesMin` between two looks at both of which something waits for it is cut.
 */
export function cutSlowReaders(server: Server, { lookMs, bytesMin }: SlowReaderLimits): void {
  const sockets = new Map<Socket, Watched>()
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, { takenBefore: undefined })
    socket.once('close', () => sockets.delete(socket))
  })
  const look = () => {
    for (const [socket, watched] of sockets) {
      const taken = socket.writableLength > 0 ? socket.bytesWritten - waitingBytes(socket) : undefined
      const before = watched.takenBefore
      if (taken !== undefined && before !== undefined && taken - before < bytesMin) socket.destroy()
      watched.takenBefore = taken
    }
  }
  const timer = setInterval(look, lookMs).unref()
  server.once('close', () => clearInterval(timer))
}

/**
 * What the kernel has not taken yet. `writableLength` counts a chunk as a whole until its last byte is out; an answer is
 * one chunk, so that a slow client which makes progress would seem to make none. libuv knows how far it is: Node looks
 * there itself to tell an idle socket from one that is writing.
 */
function waitingBytes(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? socket.writableLength
}
