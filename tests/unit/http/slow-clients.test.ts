import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express, { type Express } from 'express'
import { createHttpServer, SERVER_LIMITS } from '../../../src/http/server'
import { listen } from '../../../src/http/shutdown'
import { bodyOf } from './support/serve'

/** The service's limits in small: what is said in seconds there is said in tenths here. */
const LIMITS = {
  headersTimeoutMs: 300,
  requestTimeoutMs: 600,
  checkMs: 50,
  keepAliveTimeoutMs: 200,
  connectionsMax: 3,
  slowReaders: { lookMs: 1_000, bytesMin: 1_024 },
}
/** More than the buffers of both ends of a loopback connection hold. */
const LONG_ANSWER_BYTES = 64 * 1_048_576
const CUT_WITHIN_MS = 10_000
const DRIP_MS = 50

let server: Server
let port: number
const sockets: Socket[] = []

beforeEach(async () => {
  server = createHttpServer(app(), ['X-Base', 'yes'], LIMITS)
  port = await listen(server, 0, '127.0.0.1')
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

function app(): Express {
  const served = express()
  served.get('/long', (_req, res) => void res.end(Buffer.alloc(LONG_ANSWER_BYTES)))
  served.get('/short', (_req, res) => void res.end('short'))
  served.post('/body', (req, res) => {
    req.on('error', () => undefined).resume()
    req.once('end', () => void res.end('read'))
  })
  return served
}

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** All that comes until the server closes; rejects when it does not in time. */
async function untilCut(socket: Socket): Promise<{ readonly text: string; readonly afterMs: number }> {
  const begin = performance.now()
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'close', { signal: AbortSignal.timeout(CUT_WITHIN_MS) })
  return { text: Buffer.concat(chunks).toString('utf8'), afterMs: performance.now() - begin }
}

/** One byte after the other, for as long as the server listens. */
function drip(socket: Socket, text: string): void {
  const bytes = text.split('')
  const timer = setInterval(() => {
    const next = bytes.shift()
    if (next === undefined || !socket.writable) clearInterval(timer)
    else socket.write(next)
  }, DRIP_MS)
  socket.once('close', () => clearInterval(timer))
}

it.each([
  ['nothing but a connection', ''],
  ['a header section that never ends', `GET /short HTTP/1.1\r\n${'X-Slow: yes\r\n'.repeat(200)}`],
])('%s is cut with 408', async (_, text) => {
  const socket = await open()
  drip(socket, text)
  const { text: answer, afterMs } = await untilCut(socket)

  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(bodyOf(answer)).toMatchObject({ data: { code: 'REQUEST_TIMEOUT' }, status_code: 408 })
  expect(afterMs).toBeGreaterThanOrEqual(LIMITS.headersTimeoutMs - LIMITS.checkMs)
})

it('a body that drips is cut with 408', async () => {
  const socket = await open()
  socket.write('POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n')
  drip(socket, 'x'.repeat(1_000))
  const { text, afterMs } = await untilCut(socket)

  expect(text).toMatch(/^HTTP\/1\.1 408 /)
  expect(afterMs).toBeGreaterThanOrEqual(LIMITS.requestTimeoutMs - LIMITS.checkMs)
})

it('a client that takes nothing of its answer is cut, with the memory that waits for it', async () => {
  const socket = await open()
  const seen = once(server, 'request') as Promise<[unknown, { readonly socket: Socket }]>
  socket.pause()
  socket.write('GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [, { socket: serverSide }] = await seen
  await once(serverSide, 'close', { signal: AbortSignal.timeout(CUT_WITHIN_MS) })

  expect(serverSide.destroyed).toBe(true)
})

it('a client that takes its answer in its own time gets all of it', async () => {
  const socket = await open()
  let taken = 0
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.length
    socket.pause()
    setTimeout(() => socket.resume(), 1)
  })
  socket.write('GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')

  expect(taken).toBeGreaterThan(LONG_ANSWER_BYTES)
})

it('an idle connection is closed, and more connections than the bound are not answered', async () => {
  const held = [await open(), await open(), await open()]
  const beyond = await open()
  beyond.write('GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const refused = await untilCut(beyond)
  held[0]!.write('GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const answered = await untilCut(held[0]!)
  await sleep(0)
  const next = await open()
  next.write('GET /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')

  expect(refused.text).toBe('')
  expect(answered.text).toMatch(/^HTTP\/1\.1 200 [\s\S]*short$/)
  expect((await untilCut(next)).text).toMatch(/^HTTP\/1\.1 200 /)
})

it('the service gives 10 s for headers, 30 s for a request, and cuts who takes less than 1 KiB/s', () => {
  expect(SERVER_LIMITS).toEqual({
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    checkMs: 1_000,
    keepAliveTimeoutMs: 65_000,
    connectionsMax: 10_000,
    slowReaders: { lookMs: 10_000, bytesMin: 10_240 },
  })
  const real = createHttpServer(express(), [])

  expect([real.headersTimeout, real.requestTimeout, real.maxConnections]).toEqual([10_000, 30_000, 10_000])
  real.emit('close')
})
