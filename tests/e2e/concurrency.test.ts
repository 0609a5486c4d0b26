import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startApi, type TestApi } from '../support/api'

interface Answer {
  readonly status: number
  readonly etag: string | undefined
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the service answers is what is looked at
  readonly body: any
}

/** Every call on a socket of its own, all at once. */
const agent = new Agent({ keepAlive: false, maxSockets: Infinity })
let api: TestApi
let server: Server

beforeAll(async () => {
  api = await startApi({ MONGO_DEADLINE_MS: '30000' })
  server = createServer(api.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  agent.destroy()
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  await api.stop()
})

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  const text = body === undefined ? undefined : JSON.stringify(body)
  const sent = httpRequest({
    agent,
    method,
    path,
    port,
    host: '127.0.0.1',
    headers: { ...(text ? { 'Content-Type': 'application/json' } : {}), ...headers },
  })
  sent.end(text)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const answered = Buffer.concat(chunks).toString()
  return {
    status: response.statusCode ?? 0,
    etag: response.headers.etag,
    body: answered === '' ? undefined : JSON.parse(answered),
  }
}

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const what = status < 300 ? String(status) : `${status} ${body.data.code}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

async function created(body: Record<string, unknown>): Promise<string> {
  const answer = await call('POST', '/users', body)
  expect(answer.status).toBe(201)
  return answer.body.data.id
}

test('100 creations of one e-mail in mixed case: one user', async () => {
  const email = (at: number) => (at % 2 === 0 ? 'Only.One@Example.com' : 'only.one@EXAMPLE.COM')
  const answers = await Promise.all(
    times(100, (at) => call('POST', '/users', { name: `Number ${at}`, email: email(at), password: 'Password@123' })),
  )
  expect(tally(answers)).toEqual({ '201': 1, '409 EMAIL_TAKEN': 99 })
  const list = await call('GET', '/users?email=only.one@example.com')
  expect(list.body.data).toEqual([answers.find(({ status }) => status === 201)?.body.data])
})

test('50 patches of one version: one of them, and the user is what it says', async () => {
  const id = await created({ name: 'Start', email: 'versions@example.com' })
  const answers = await Promise.all(
    times(50, (at) => {
      // Names alone take the short way, names with metadata the long one.
      const body = at % 2 === 0 ? { name: `Number ${at}` } : { name: `Number ${at}`, metadata: { at } }
      return call('PATCH', `/users/${id}`, body, { 'If-Match': '"1"' })
    }),
  )
  expect(tally(answers)).toEqual({ '200': 1, '412 VERSION_MISMATCH': 49 })
  const winner = answers.findIndex(({ status }) => status === 200)
  const { body, etag } = await call('GET', `/users/${id}`)
  expect(etag).toBe('"2"')
  expect(body.data).toEqual(answers[winner]?.body.data)
  expect(body.data).toMatchObject({
    name: `Number ${winner}`,
    metadata: winner % 2 === 0 ? {} : { at: winner },
    version: 2,
  })
})

test('50 patches without a version: all of them, and none is lost', async () => {
  const id = await created({ name: 'Start', email: 'merged@example.com' })
  const answers = await Promise.all(
    times(50, (at) =>
      call('PATCH', `/users/${id}`, at % 5 === 0 ? { age: at + 1 } : { metadata: { [`key${at}`]: at } }),
    ),
  )
  expect(tally(answers)).toEqual({ '200': 50 })
  const { body } = await call('GET', `/users/${id}`)
  const expected = times(50, (at) => at).filter((at) => at % 5 !== 0)
  expect(body.data.metadata).toEqual(Object.fromEntries(expected.map((at) => [`key${at}`, at])))
  expect(body.data.version).toBe(51)
})

test('50 deletions of one user: one of them', async () => {
  const id = await created({ name: 'Once', email: 'once@example.com' })
  const answers = await Promise.all(times(50, () => call('DELETE', `/users/${id}`)))
  expect(tally(answers)).toEqual({ '204': 1, '404 USER_NOT_FOUND': 49 })
  expect((await call('POST', `/users/${id}/restore`)).status).toBe(200)
})

describe('the last administrators', () => {
  const ways: readonly ((id: string) => Promise<Answer>)[] = [
    (id) => call('DELETE', `/users/${id}`),
    (id) => call('DELETE', `/users/${id}/roles/ADMIN`),
    (id) => call('PATCH', `/users/${id}`, { is_active: false }),
    (id) => call('PUT', `/users/${id}/roles`, { roles: ['CLIENT'] }),
    (id) => call('POST', `/users/${id}/roles`, { roles: ['ADMIN'], expires_at: '2199-01-01T00:00:00Z' }),
  ]

  async function administrators(): Promise<string[]> {
    const { body } = await call('GET', '/users?role=ADMIN&is_active=true&page_size=100')
    const ids: string[] = []
    for (const { id } of body.data) {
      const grants = await call('GET', `/users/${id}/roles`)
      if (
        grants.body.data.some(
          (grant: { role: string; expires_at: unknown }) => grant.role === 'ADMIN' && !grant.expires_at,
        )
      )
        ids.push(id)
    }
    return ids
  }

  test.each([1, 2, 3])('50 removals of the two of them in all ways leave one (round %i)', async (round) => {
    const before = await administrators()
    const email = (at: number) => `admin${round}.${at}@example.com`
    const both = [
      await created({ name: 'One', email: email(1), roles: ['ADMIN', 'CLIENT'] }),
      await created({ name: 'Two', email: email(2), roles: ['CLIENT', 'ADMIN'] }),
    ]
    // From earlier rounds: with the two new ones there they may go.
    for (const id of before) expect((await call('DELETE', `/users/${id}`)).status).toBe(204)

    const answers = await Promise.all(times(50, (at) => ways[Math.floor(at / 2) % ways.length]!(both[at % 2]!)))
    const left = await administrators()
    expect(left).toHaveLength(1)
    expect(both).toContain(left[0])
    expect(tally(answers)).toHaveProperty(['409 LAST_ADMIN'])
    for (const { status } of answers) expect([200, 204, 404, 409]).toContain(status)

    // Whoever is left is held on to, and lets go when somebody else is there.
    for (const way of ways) expect((await way(left[0]!)).body.data.code).toBe('LAST_ADMIN')
  })

  test('a change that fails leaves the administrator free to stay the other one', async () => {
    const [first] = await administrators()
    const second = await created({ name: 'Second', email: 'second@example.com', roles: ['ADMIN'] })
    const refused = await call('PATCH', `/users/${second}`, { is_active: false, email: 'only.one@example.com' })
    expect([refused.status, refused.body.data.code]).toEqual([409, 'EMAIL_TAKEN'])
    expect((await call('DELETE', `/users/${first}`)).status).toBe(204)
    expect(await administrators()).toEqual([second])
  })
})
