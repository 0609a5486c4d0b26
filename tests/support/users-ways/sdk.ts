import { isApiError, RollcallClient } from '../../../src/client/index'
import type { Grant, User } from '../../../src/client/types.gen'
import { Refusal, type UsersWay } from './way'

const PAGE_SIZE = 50

/** The SDK. */
export function sdkWay(baseUrl: string): UsersWay {
  const client = new RollcallClient({ baseUrl })
  const { users } = client
  const names = (grants: readonly Grant[]) => grants.map(({ role }) => role)
  return {
    create: (user, idempotencyKey) => told(users.create(user, { idempotencyKey })),
    get: (id) => told(users.get(id)),
    list: ({ search: q, ...listing }) =>
      told(
        (async () => {
          const all: User[] = []
          for await (const user of users.each({ ...listing, q, page_size: PAGE_SIZE })) all.push(user)
          return all
        })(),
      ),
    update: (id, patch, ifVersion) =>
      told(ifVersion === undefined ? users.update(id, () => patch) : users.patch(id, patch, { ifVersion })),
    changeEmail: (id, email) => told(users.changeEmail(id, email)),
    roles: async (id) => names(await told(users.grants(id))),
    grant: async (id, roles) => names(await told(users.grant(id, roles))),
    revoke: (id, role) => told(users.revoke(id, role)),
    delete: (id) => told(users.delete(id)),
    restore: async (id) => void (await told(users.restore(id))),
    close: () => client.close(),
  }
}

async function told<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw isApiError(error) ? new Refusal(error) : error
  })
}
