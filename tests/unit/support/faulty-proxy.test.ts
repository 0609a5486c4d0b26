import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Pool } from 'undici'
import { type Fault, type FaultyProxy, inTurn, startFaultyProxy } from '../../support/faulty-proxy'
import { until } from '../../support/service-process'

const LATE_MS = 5_000
/** How long something that never comes is waited for. */
const SILENCE_MS = 150

let server: Server
let proxy: FaultyProxy
let pool: Pool
/** What the server was asked for, once the request was there as a whole. */
let asked: string[]
let connections: number

beforeEach(async () => {
  asked = []
  connections = 0
  server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      asked.push(`${req.method} ${req.url} ${body}`.trim())
      const answer = `answer ${asked.length}`
      if (req.url === '/empty') res.writeHead(204).end()
      else if (req.url === '/chunked') res.write(answer.slice(0, 3), () => res.end(answer.slice(3)))
      else res.setHeader('content-length', answer.length).end(answer)
    })
  })
  server.on('connection', () => (connections += 1)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startFaultyProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  // One connection, so that what happens to it happens to the next request, too.
  pool = new Pool(proxy.url, { connections: 1, pipelining: 1 })
})
afterEach(async () => {
  await pool.destroy()
  await proxy.stop()
  server.close().closeAllConnections()
})

async function call(path = '/', body?: string, timeoutMs = LATE_MS): Promise<string> {
  const method = body === undefined ? 'GET' : 'POST'
  const response = await pool.request({ method, path, body: body ?? null, signal: AbortSignal.timeout(timeoutMs) })
  return `${response.statusCode} ${await response.body.text()}`
}

const untilAsked = (count: number) =>
  until(
    () => asked.length === count,
    LATE_MS,
    () => `asked ${asked.length} times: ${asked.join(', ')}`,
  )

it('passes everything through on one connection, whatever the framing', async () => {
  expect(await call('/a')).toBe('200 answer 1')
  expect(await call('/b', 'x'.repeat(200_000))).toBe('200 answer 2')
  expect(await call('/chunked')).toBe('200 answer 3')
  expect(await call('/empty')).toBe('204 ')
  expect(await call('/a')).toBe('200 answer 5')

  expect(proxy.seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /a',
    'POST /b',
    'GET /chunked',
    'GET /empty',
    'GET /a',
  ])
  expect(connections).toBe(1)
})

it('answers requests that were sent without waiting, in their order', async () => {
  proxy.plan = inTurn<Fault>('none', { status: 500, body: 'no' })
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
  socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(
    () => text.includes('answer 2'),
    LATE_MS,
    () => text,
  )
  socket.destroy()

  expect(text.match(/answer \d|HTTP\/1.1 500/g)).toEqual(['answer 1', 'HTTP/1.1 500', 'answer 2'])
  expect(asked).toEqual(['GET /1', 'GET /3'])
})

describe('breaks the connection', () => {
  it.each<[Fault, number]>([
    ['drop', 0],
    ['cut-request', 0],
    ['refuse', 0],
    ['lose-answer', 1],
    ['cut-answer', 1],
    ['truncate', 1],
    ['reset-after', 1],
    ['late', 1],
  ])('%s: the server has done it %d times', async (fault, count) => {
    proxy.plan = inTurn(fault)

    await expect(call('/', 'body')).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) })
    await untilAsked(count)
    proxy.plan = () => 'none'
    // Nobody may be listening for a moment.
    await until(
      () =>
        call('/next').then(
          () => true,
          () => false,
        ),
      LATE_MS,
      () => 'It does not come back',
    )
    expect(asked.filter((line) => line === 'POST / body')).toHaveLength(count)
  })
})

it('refuses connections for a while', async () => {
  proxy.plan = inTurn<Fault>('refuse')
  const first = call().catch((error: unknown) => error)
  await first
  const codes: unknown[] = []
  await until(
    async () => {
      const failure = await call().then(
        () => undefined,
        (error: { code?: unknown }) => error.code,
      )
      codes.push(failure)
      return failure === undefined
    },
    LATE_MS,
    () => 'It does not come back',
  )

  expect(codes[0]).toBe('ECONNREFUSED')
})

describe('says nothing', () => {
  it.each<[Fault, number]>([
    ['silence', 0],
    ['black-hole', 1],
    ['stall', 1],
    ['drip', 1],
  ])('%s: the server has done it %d times', async (fault, count) => {
    proxy.plan = inTurn(fault)

    await expect(call('/', 'body', SILENCE_MS)).rejects.toMatchObject({ name: 'TimeoutError' })
    await untilAsked(count)
    expect(await call('/next')).toBe(`200 answer ${count + 1}`)
  })
})

describe('answers something else', () => {
  it('an error of its own, with Retry-After, on a connection that is kept', async () => {
    proxy.plan = inTurn<Fault>({ status: 503, retryAfter: '7' }, { status: 502, after: true })
    const refused = await pool.request({ method: 'GET', path: '/' })
    await refused.body.dump()
    expect(refused).toMatchObject({ statusCode: 503, headers: { 'retry-after': '7' } })
    expect(asked).toEqual([])

    expect(await call('/done')).toMatch(/^502 /)
    expect(asked).toEqual(['GET /done'])
    expect(await call('/next')).toBe('200 answer 2')
  })

  it('what it answered first', async () => {
    await call('/user')
    await call('/user')
    proxy.plan = inTurn<Fault>('stale', 'stale')

    expect(await call('/user')).toBe('200 answer 1')
    // Where there is no older answer, the true one.
    expect(await call('/other')).toBe('200 answer 3')
  })

  it('half of a body that claims to be whole, on a connection that is kept', async () => {
    await call('/empty')
    proxy.plan = inTurn<Fault>('shorten')

    expect(await call()).toBe('200 answ')
    expect(await call()).toBe('200 answer 3')
    expect(connections).toBe(1)
  })
})

describe('spoils connections before anything is said', () => {
  it.each([
    ['reset', LATE_MS, { code: 'ECONNRESET' }],
    ['black-hole', SILENCE_MS, { name: 'TimeoutError' }],
  ] as const)('%s', async (fault, timeoutMs, error) => {
    proxy.planConnection = inTurn(fault)

    await expect(call('/', undefined, timeoutMs)).rejects.toMatchObject(error)
    expect(proxy.seen).toEqual([])
    expect(await call('/next')).toBe('200 answer 1')
  })
})
