import type { ConfirmOptions } from './eventually'
import { isApiError } from './errors'
import type { CallOptions } from './requester'
import type { RollcallClient } from './rollcall-client'
import type { User } from './types.gen'
import type { FactoryUser } from './factory-user'
import type { UserFactory } from './user-factory'

/** What the steps share. */
export interface Stage {
  readonly client: RollcallClient
  readonly factory: UserFactory
  readonly count: number
  readonly options: CallOptions & ConfirmOptions
  /** What was asked for, and what came of it, in the same order. */
  readonly wanted: FactoryUser[]
  users: User[]
}

export interface Step {
  readonly name: string
  readonly run: (stage: Stage) => Promise<void>
}

/** The service did not keep what its contract promises. */
export class BrokenPromiseError extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

/** @throws BrokenPromiseError unless it holds */
function promised(holds: boolean, message: string): void {
  if (!holds) throw new BrokenPromiseError(message)
}

/** A name that a role can have, of this run alone. */
export function roleOf(runId: string): string {
  return `RUN_${runId.toUpperCase()}`.slice(0, 32)
}

function domainOf(stage: Stage) {
  return { q: `.${stage.factory.runId}@` }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

function ids(users: readonly Pick<User, 'id'>[]): string {
  return users
    .map(({ id }) => id)
    .sort()
    .join()
}

/** The life of users, from the first to the last of it. */
export const LIFE_CYCLE: readonly Step[] = [
  {
    name: 'create',
    run: async (stage) => {
      stage.wanted.push(...stage.factory.createMany(stage.count))
      const { users } = stage.client
      // All of them settle before anything else happens: what is still on its way cannot be taken away.
      const made = await Promise.allSettled(stage.wanted.map((user) => users.createAndConfirm(user, stage.options)))
      stage.users = made.map((one) => {
        if (one.status === 'rejected') throw one.reason
        return one.value
      })
      promised(new Set(stage.users.map(({ id }) => id)).size === stage.count, 'Every user has an id of its own')
    },
  },
  {
    name: 'refuse a second',
    run: async ({ client, wanted, options }) => {
      const [first] = wanted
      if (!first) return
      const refusal: unknown = await client.users.create(first, options).catch((error: unknown) => error)
      if (refusal instanceof Error && !isApiError(refusal)) throw refusal
      promised(isApiError(refusal, 'EMAIL_TAKEN'), 'An e-mail address is refused when it is taken')
    },
  },
  {
    name: 'read',
    run: async ({ client, users, wanted, options }) => {
      const read = await Promise.all(users.map(({ id }) => client.users.get(id, options)))
      for (const [index, user] of read.entries()) {
        const asked = wanted[index]
        const same = (['name', 'email', 'age'] as const).every((field) => user[field] === asked?.[field])
        promised(same, `User ${user.id} is as it was created`)
        promised(!('password' in user), 'A password never comes back')
      }
    },
  },
  {
    name: 'list',
    run: async (stage) => {
      const walk = stage.client.users.each({ ...domainOf(stage), page_size: 2 }, stage.options)
      promised(ids(await collect(walk)) === ids(stage.users), 'A list shows every user, and each one once')
    },
  },
  {
    name: 'filter',
    run: async (stage) => {
      const { client, factory, users, options } = stage
      const limit = users[0]?.age ?? 0
      const filter = `email co ".${factory.runId}@" and age ge ${limit}`
      const found = await collect(client.users.each({ filter, sort: 'age' }, options))
      promised(ids(found) === ids(users.filter(({ age }) => (age ?? 0) >= limit)), 'A filter finds what it describes')
      const ages = found.map(({ age }) => age ?? 0)
      promised(
        ages.every((age, index) => index === 0 || age >= (ages[index - 1] ?? 0)),
        'A list comes in its order',
      )
    },
  },
  {
    name: 'update',
    run: async (stage) => {
      const { client, options } = stage
      stage.users = await Promise.all(
        stage.users.map(async ({ id, version }) => {
          const user = await client.users.update(
            id,
            ({ metadata }) => ({ metadata: { ...metadata, seen: 1 } }),
            options,
          )
          promised(user.metadata['seen'] === 1 && user.version > version, `User ${id} shows its update`)
          return user
        }),
      )
    },
  },
  {
    name: 'e-mail',
    run: async (stage) => {
      const { client, factory, options } = stage
      stage.users = await Promise.all(
        stage.users.map(async ({ id, email, version }) => {
          const address = `moved.${email}`
          const user = await client.users.changeEmail(id, address, { ...options, ifVersion: version })
          promised(user.email === address, `User ${id} has its new e-mail`)
          return user
        }),
      )
      const old = await client.users.list({ email: `${factory.runId}@users.example` }, options)
      promised(old.items.length === 0, 'An e-mail is found whole or not at all')
    },
  },
  { name: 'roles', run: changeRoles },
  {
    name: 'delete',
    run: async ({ client, users, options }) => {
      await Promise.all(users.map(({ id }) => client.users.deleteAndConfirm(id, options)))
    },
  },
  {
    name: 'confirm',
    run: async (stage) => {
      const left = await collect(stage.client.users.each(domainOf(stage), stage.options))
      promised(left.length === 0, `Nobody is left: ${left.length} are`)
    },
  },
]

async function changeRoles({ client, factory, users, options }: Stage): Promise<void> {
  const role = roleOf(factory.runId)
  const made = await client.roles.create({ name: role, permissions: ['users:read'] }, options)
  promised(made.name === role && !made.is_system, 'A role is as it was created')
  await Promise.all(users.map(({ id }) => client.users.grant(id, [role], options)))
  const holders = await collect(client.users.each({ role }, options))
  promised(ids(holders) === ids(users), 'A role is held by those who were given it')
  await Promise.all(users.map(({ id }) => client.users.revoke(id, role, options)))
  const { user_count: left } = await client.roles.get(role, options)
  promised(left === 0, `Nobody holds a role that was taken from all: ${left} do`)
  await client.roles.delete(role, options)
}

/** Takes away whatever a run has left, however far it came. Returns how many users that were. */
export async function cleanUp({ client, factory }: Stage, options: CallOptions): Promise<number> {
  const left = await collect(client.users.each({ q: `.${factory.runId}@` }, options))
  await Promise.all(left.map(({ id }) => client.users.delete(id, options).catch(unlessGone)))
  await client.roles.delete(roleOf(factory.runId), { ...options, force: true }).catch(unlessGone)
  return left.length
}

function unlessGone(error: unknown): void {
  if (!isApiError(error, 'USER_NOT_FOUND', 'ROLE_NOT_FOUND')) throw error
}
