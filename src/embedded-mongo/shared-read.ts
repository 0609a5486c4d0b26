import { Socket } from 'node:net'
import type { ConnectOpts, SocketConstructorOpts } from 'node:net'

/** What Node reads at a time. */
const READ_BYTES = 64 * 1_024

/** What all connections read into, one after the other. */
const buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** What Node itself gives and takes when a server accepts a connection; its types leave it out. */
interface Accepted {
  _handle: unknown
  server: unknown
  _server: unknown
}

/**
 * The connection of a socket that has been accepted, and of which nothing has been read, as one that reads into a buffer
 * that is always there. Else Node makes one of 64 KiB for every read, and a stream's worth of events: for one small
 * message that costs 2 µs. What `receive` is shown is good until it returns.
 */
export function readingShared(accepted: Socket, receive: (chunk: Buffer) => void): Socket {
  const given = accepted as unknown as Accepted
  const { _handle: handle, server, _server } = given
  const callback = (length: number): boolean => {
    receive(buffer.subarray(0, length))
    return true
  }
  const options: SocketConstructorOpts & ConnectOpts & { handle: unknown } = {
    handle,
    readable: true,
    writable: true,
    onread: { buffer, callback },
  }
  const socket = new Socket(options)
  // The server counts its connections by this.
  Object.assign(socket, { server, _server })
  given._handle = null
  given._server = null
  return socket
}
