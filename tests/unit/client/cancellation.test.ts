import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Cancellation } from '../../../src/client/cancellation'
import { RollcallClient } from '../../../src/client/index'
import { until } from '../http/support/serve'

describe('a request that waits for a connection', () => {
  let server: Server
  let client: RollcallClient
  const asked: string[] = []
  const held: (() => void)[] = []
  const envelope = JSON.stringify({ data: { id: 'a' }, message: 'User found', status_code: 200 })

  beforeAll(async () => {
    server = createServer((req, res) => {
      asked.push(req.url ?? '')
      held.push(() => res.setHeader('content-type', 'application/json').end(envelope))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    client = new RollcallClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      connections: 1,
      retries: 0,
    })
  })
  afterAll(async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('ends when its caller aborts, and is never sent', async () => {
    const first = client.users.get('first')
    const controller = new AbortController()
    const second = client.users.get('second', { signal: controller.signal })
    const third = client.users.get('third')
    const reason = new Error('not wanted any more')
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)

    await until(() => held.length === 1)
    held.pop()?.()
    await expect(first).resolves.toEqual({ id: 'a' })
    await until(() => held.length === 1)
    held.pop()?.()
    await expect(third).resolves.toEqual({ id: 'a' })
    expect(asked).toEqual(['/api/v1/users/first', '/api/v1/users/third'])
  })
})

describe('a cancellation', () => {
  const reason = new Error('late')

  it('tells its listener and its signal the reason once', () => {
    const told: unknown[] = []
    const cancellation = new Cancellation()
    cancellation.onCancel((why) => told.push(why))
    const { signal } = cancellation
    cancellation.cancel(reason)
    cancellation.cancel(new Error('again'))
    expect({ told, cancelled: cancellation.cancelled, reason: signal.reason as unknown }).toEqual({
      told: [reason],
      cancelled: true,
      reason,
    })
  })

  it('that has happened is told at once', () => {
    const told: unknown[] = []
    const cancellation = new Cancellation()
    cancellation.cancel(reason)
    cancellation.onCancel((why) => told.push(why))
    expect(told).toEqual([reason])
    expect(cancellation.signal.reason).toBe(reason)
  })
})
