import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import request from 'supertest'
import { createServer } from 'node:http'
import { closeGracefully, listen } from '../../../src/http/shutdown'
import { serve } from './support/serve'

it('while it drains it answers, closes connections and is not ready; then it is gone', async () => {
  const served = await serve()
  served.health.drain()
  const closed = closeGracefully(served.server, 2_000)
  const answer = await request(served.url).get('/notes/7')
  const ready = await request(served.url).get('/health/ready')
  await closed

  expect([answer.status, answer.headers['connection']]).toEqual([200, 'close'])
  expect([ready.status, ready.body.data.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
  await expect(once(connect(served.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('what is in flight ends, and idle connections do not hold it up', async () => {
  let finish: () => void = () => undefined
  const started = new Promise<void>((begun) => {
    finish = begun
  })
  let release: () => void = () => undefined
  const server = createServer((_req, res) => {
    finish()
    release = () => res.end('whole')
  })
  const port = await listen(server, 0, '127.0.0.1')
  const agent = new Agent({ keepAlive: true })
  const answer = new Promise<IncomingMessage>((resolve) => get({ port, host: '127.0.0.1', agent }, resolve))
  await started
  const closed = closeGracefully(server, 0)
  setTimeout(() => release(), 100)
  const whole = await answer
  const chunks: Buffer[] = []
  for await (const chunk of whole) chunks.push(chunk as Buffer)
  await closed
  agent.destroy()

  expect(Buffer.concat(chunks).toString()).toBe('whole')
})

it('an address that is taken is an error', async () => {
  const served = await serve()
  await expect(listen(createServer(), served.port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await served.stop()
})
