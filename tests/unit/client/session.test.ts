import { restUsersClient, RollcallClient } from '../../../src/client/index'
import type { SessionTokens } from '../../../src/client/credentials'
import type { HttpAnswer, HttpRequest, Transport } from '../../../src/client/transport'

const answer = (status: number, data: unknown): HttpAnswer => ({
  status,
  header: () => undefined,
  text: JSON.stringify({ data, message: '', status_code: status }),
})
const refused = answer(401, { code: 'UNAUTHENTICATED', errors: [], request_id: 'r' })

/** A service that takes one access token, and gives it for one refresh token. */
function service(good: string, refreshToken: string) {
  const seen: HttpRequest[] = []
  const transport: Transport = {
    send: async (request) => {
      seen.push(request)
      if (!request.target.endsWith('/auth/refresh')) {
        return request.headers['authorization'] === `Bearer ${good}` ? answer(200, { id: '1' }) : refused
      }
      const { refresh_token } = JSON.parse(request.body!)
      return refresh_token === refreshToken ? answer(200, { access_token: good, refresh_token: 'next' }) : refused
    },
    close: async () => undefined,
  }
  return { transport, seen, refreshes: () => seen.filter(({ target }) => target.endsWith('/auth/refresh')) }
}

const clientOf = (transport: Transport, kept: (SessionTokens | undefined)[] = []) =>
  new RollcallClient({
    baseUrl: 'http://service.example',
    session: { accessToken: 'old', refreshToken: 'first' },
    transport,
    onSession: async (tokens) => void kept.push(tokens),
  })

it('renews the session once for all calls that find it too old, and tells of the new one', async () => {
  const { transport, refreshes } = service('new', 'first')
  const kept: (SessionTokens | undefined)[] = []
  const client = clientOf(transport, kept)

  const users = await Promise.all(['1', '2', '3', '4'].map((id) => client.users.get(id)))
  expect(users).toHaveLength(4)
  expect(refreshes()).toHaveLength(1)
  expect(refreshes()[0]!.headers).not.toHaveProperty('authorization')
  expect(refreshes()[0]!.headers).not.toHaveProperty('idempotency-key')
  expect(kept).toEqual([{ accessToken: 'new', refreshToken: 'next' }])
})

it('gives up when the session is over, after one attempt to renew it', async () => {
  const { transport, seen } = service('new', 'another')
  const kept: (SessionTokens | undefined)[] = []

  await expect(clientOf(transport, kept).users.get('1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(seen).toHaveLength(2)
  expect(kept).toEqual([undefined])
})

it('tries no second time when the renewed token is refused as well', async () => {
  const { transport, seen } = service('never', 'first')
  const stubborn: Transport = {
    ...transport,
    send: async (request, cancellation) =>
      request.target.endsWith('/auth/refresh') ? transport.send(request, cancellation) : (seen.push(request), refused),
  }

  await expect(clientOf(stubborn).users.get('1')).rejects.toMatchObject({ status: 401 })
  expect(seen.map(({ target }) => target.split('/').at(-1))).toEqual(['1', 'refresh', '1'])
})

it.each(['', '.', '..'])('sends nothing for an id that would lead elsewhere: %j', async (id) => {
  const { transport, seen } = service('old', 'first')

  await expect(clientOf(transport).users.delete(id)).rejects.toThrow(TypeError)
  expect(seen).toEqual([])
})

it('escapes what stands in a path', async () => {
  const { transport, seen } = service('old', 'first')
  await clientOf(transport).users.get('a/b?c')

  expect(seen[0]!.target).toBe('/api/v1/users/a%2Fb%3Fc')
})

it('talks to other services: their path, their plain answers, and no second creation', async () => {
  const seen: HttpRequest[] = []
  const plain = (status: number, body: unknown): HttpAnswer => ({ ...answer(status, null), text: JSON.stringify(body) })
  const replies = [plain(200, [{ id: '1' }, { id: '2' }]), plain(200, []), plain(404, 'Not found'), plain(500, 'Oops')]
  const transport: Transport = {
    send: async (request) => {
      seen.push(request)
      return replies.shift()!
    },
    close: async () => undefined,
  }
  const users = restUsersClient({ baseUrl: 'http://mock.example/api', resourcePath: 'people', transport })

  const all = []
  for await (const user of users.each()) all.push(user.id)
  expect(all).toEqual(['1', '2'])
  await expect(users.get('3')).rejects.toMatchObject({ status: 404, code: 'HTTP_404' })
  await expect(users.create({})).rejects.toMatchObject({ status: 500, attempts: 1 })
  expect(seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /api/people?page=1&limit=100',
    'GET /api/people?page=2&limit=100',
    'GET /api/people/3',
    'POST /api/people',
  ])
})
