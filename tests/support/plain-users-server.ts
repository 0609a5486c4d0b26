import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

type Kept = Readonly<Record<string, unknown>>

export interface PlainUsersServer {
  readonly url: string
  readonly users: Map<string, Kept>
  /** `POST /people`, … */
  readonly asked: string[]
  readonly stop: () => Promise<void>
}

/**
 * A REST service as MockAPI gives one away: a resource at a path of one's choice, bodies without an envelope, numbers in
 * strings for ids, `page` and `limit`, no Idempotency-Key, no ETag, the same e-mail as often as you like.
 */
export async function startPlainUsersServer(path: string, paged = true): Promise<PlainUsersServer> {
  const users = new Map<string, Kept>()
  const asked: string[] = []
  let made = 0
  const reply = async (req: IncomingMessage): Promise<readonly [number, unknown]> => {
    const url = new URL(req.url ?? '/', 'http://a')
    asked.push(`${req.method} ${url.pathname}`)
    if (url.pathname !== path && !url.pathname.startsWith(`${path}/`)) return [404, 'Not found']
    const id = url.pathname.slice(path.length + 1)
    const body = await jsonOf(req)
    if (id === '') {
      if (req.method === 'POST') return [201, put(String((made += 1)), body)]
      const [page, limit] = paged ? [url.searchParams.get('page') ?? 1, url.searchParams.get('limit') ?? 1e9] : [1, 1e9]
      return [200, [...users.values()].slice((Number(page) - 1) * Number(limit), Number(page) * Number(limit))]
    }
    const user = users.get(id)
    if (!user) return [404, 'Not found']
    if (req.method === 'PUT') return [200, put(id, { ...user, ...body })]
    if (req.method === 'DELETE') users.delete(id)
    return [200, user]
  }
  const put = (id: string, fields: Kept) => {
    const user = { ...fields, id }
    users.set(id, user)
    return user
  }
  const server = createServer((req, res) => {
    void reply(req).then(([status, body]) => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    users,
    asked,
    stop: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  }
}

async function jsonOf(req: IncomingMessage): Promise<Kept> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as Kept)
}
