import { isApiError, NotConfirmedError } from './errors'
import { type ConfirmOptions, eventually } from './eventually'
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

export interface Step<S = Stage> {
  readonly name: string
  /** Why it cannot be done with this kind of service, in place of doing it. */
  readonly run: string | ((stage: S) => Promise<void>)
}

/** The service did not keep what its contract promises. */
export class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError'
}

/** @throws BrokenPromiseError unless it holds */
export function promised(holds: boolean, message: string): void {
  if (!holds) throw new BrokenPromiseError(message)
}

/** For what may show a little late. @throws BrokenPromiseError unless it holds within the deadline */
export async function promisedSoon(look: () => Promise<boolean>, message: string, options: ConfirmOptions) {
  await eventually(async () => ((await look()) ? true : undefined), message, options).catch((error: unknown) => {
    throw error instanceof NotConfirmedError ? new BrokenPromiseError(message) : error
  })
}

/** A name that a role can have, of this run alone. */
export function roleOf(runId: string): string {
  return `RUN_${runId.toUpperCase()}`.slice(0, 32)
}

function domainOf(stage: Stage) {
  return { q: `.${stage.factory.runId}@` }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export function ids(users: readonly Pick<User, 'id'>[]): string {
  return users
    .map(({ id }) => id)
    .sort()
    .join()
}

/** All of them settle before one's failure is told. */
export async function allSettled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(work)).map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** The life of users, from the first to the last of it. */
export const LIFE_CYCLE: readonly Step[] = [
  {
    name: 'create',
    run: async (stage) => {
      stage.wanted.push(...stage.factory.createMany(stage.count))
      const { users } = stage.client
      // All of them settle before anything else happens: what is still on its way cannot be taken away.
      stage.users = await allSettled(stage.wanted.map((user) => users.createAndConfirm(user, stage.options)))
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
  { name: 'update', run: updateAll },
  { name: 'e-mail', run: moveAll },
  { name: 'roles', run: changeRoles },
  {
    name: 'delete',
    run: async ({ client, users, options }) => {
      await allSettled(users.map(({ id }) => client.users.deleteAndConfirm(id, options)))
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

async function updateAll(stage: Stage): Promise<void> {
  const { client, options } = stage
  const [first] = stage.users
  stage.users = await allSettled(
    stage.users.map(async ({ id, version }) => {
      const user = await client.users.update(id, ({ metadata }) => ({ metadata: { ...metadata, seen: 1 } }), options)
      promised(user.metadata['seen'] === 1 && user.version > version, `User ${id} shows its update`)
      await promisedSoon(
        async () => {
          const read = await client.users.get(id, options)
          return read.version >= user.version && read.metadata['seen'] === 1
        },
        `An update of user ${id} that was accepted is kept`,
        options,
      )
      return user
    }),
  )
  if (!first) return
  const late = client.users.patch(first.id, { metadata: { late: 1 } }, { ...options, ifVersion: first.version })
  const refusal: unknown = await late.catch((error: unknown) => error)
  if (refusal instanceof Error && !isApiError(refusal)) throw refusal
  promised(isApiError(refusal, 'VERSION_MISMATCH'), 'A change of a version that has passed is refused')
}

async function moveAll(stage: Stage): Promise<void> {
  const { client, options } = stage
  stage.users = await allSettled(
    stage.users.map(async ({ id, email: old, version }) => {
      const email = `moved.${old}`
      const user = await client.users.changeEmail(id, email, { ...options, ifVersion: version })
      promised(user.email === email, `User ${id} has its new e-mail`)
      const found = async (address: string) => ids((await client.users.list({ email: address }, options)).items)
      await promisedSoon(async () => (await found(email)) === id, `User ${id} is found by its new e-mail`, options)
      await promisedSoon(async () => (await found(old)) === '', `Nobody is found by the old e-mail of ${id}`, options)
      return user
    }),
  )
}

async function changeRoles({ client, factory, users, options }: Stage): Promise<void> {
  const role = roleOf(factory.runId)
  const made = await client.roles.create({ name: role, permissions: ['users:read'] }, options)
  promised(made.name === role && !made.is_system, 'A role is as it was created')
  await allSettled(users.map(({ id }) => client.users.grant(id, [role], options)))
  const holders = await collect(client.users.each({ role }, options))
  promised(ids(holders) === ids(users), 'A role is held by those who were given it')
  await allSettled(users.map(({ id }) => client.users.revoke(id, role, options)))
  const { user_count: left } = await client.roles.get(role, options)
  promised(left === 0, `Nobody holds a role that was taken from all: ${left} do`)
  await client.roles.delete(role, options)
}

/** Takes away whatever a run has left, however far it came. Returns how many users that were. */
export async function cleanUp({ client, factory }: Stage, options: CallOptions): Promise<number> {
  const left = await collect(client.users.each({ q: `.${factory.runId}@` }, options))
  await allSettled(left.map(({ id }) => client.users.delete(id, options).catch(unlessGone)))
  await client.roles.delete(roleOf(factory.runId), { ...options, force: true }).catch(unlessGone)
  return left.length
}

function unlessGone(error: unknown): void {
  if (!isApiError(error, 'USER_NOT_FOUND', 'ROLE_NOT_FOUND')) throw error
}
