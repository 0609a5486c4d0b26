import type { User } from '../../../src/client/types.gen'
import { Refusal, type UsersWay } from './way'

const PAGE_SIZE = '50'

interface Sent {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Plain HTTP: what the contract says, and nothing else. */
export function httpWay(serviceUrl: string): UsersWay {
  const call = async (method: string, path: string, { body, headers }: Sent = {}) => {
    const response = await fetch(`${serviceUrl}/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    const data = text === '' ? undefined : JSON.parse(text).data
    if (!response.ok) throw new Refusal({ status: response.status, code: data.code, errors: data.errors ?? [] })
    return { data, headers: response.headers }
  }
  const user = async (...args: Parameters<typeof call>): Promise<User> => (await call(...args)).data
  const names = (grants: readonly { role: string }[]) => grants.map(({ role }) => role)
  return {
    create: (body, key) =>
      user('POST', '/users', { body, headers: key === undefined ? {} : { 'idempotency-key': key } }),
    get: (id) => user('GET', `/users/${id}`),
    list: async ({ search: q, ...listing }) => {
      const query = new URLSearchParams({ ...listing, ...(q === undefined ? {} : { q }), page_size: PAGE_SIZE })
      const all: User[] = []
      for (;;) {
        const { data, headers } = await call('GET', `/users?${query.toString()}`)
        all.push(...data)
        const cursor = headers.get('x-next-cursor')
        if (cursor === null) return all
        query.set('cursor', cursor)
      }
    },
    update: (id, body, version) =>
      user('PATCH', `/users/${id}`, { body, headers: version === undefined ? {} : { 'if-match': `"${version}"` } }),
    changeEmail: (id, email) => user('PUT', `/users/${id}/email`, { body: { email } }),
    roles: async (id) => names((await call('GET', `/users/${id}/roles`)).data),
    grant: async (id, roles) => names((await call('POST', `/users/${id}/roles`, { body: { roles } })).data),
    revoke: async (id, role) => void (await call('DELETE', `/users/${id}/roles/${role}`)),
    delete: async (id) => void (await call('DELETE', `/users/${id}`)),
    restore: async (id) => void (await call('POST', `/users/${id}/restore`)),
    close: async () => undefined,
  }
}
