import { isApiError } from './errors'
import type { ConfirmOptions } from './eventually'
import type { CallOptions } from './requester'
import type { RestUsersClient } from './rest-users-client'
import { allSettled, collect, ids, promised, promisedSoon, type Step } from './scenario-steps'
import type { UserFactory } from './user-factory'

/** What any service that keeps users is taken to keep of them. */
export interface PlainUser {
  readonly id: string
  readonly name: string
  readonly email: string
}

export interface PlainStage {
  readonly client: RestUsersClient<PlainUser>
  readonly factory: UserFactory
  readonly count: number
  readonly options: CallOptions & ConfirmOptions
  readonly wanted: Omit<PlainUser, 'id'>[]
  users: PlainUser[]
}

const NOT_FOUND = 404

/** The life of users in a service of which no more is known than that it is REST and keeps users. */
export const PLAIN_LIFE_CYCLE: readonly Step<PlainStage>[] = [
  {
    name: 'create',
    run: async (stage) => {
      stage.wanted.push(...stage.factory.createMany(stage.count).map(({ name, email }) => ({ name, email })))
      const { client, options } = stage
      stage.users = await allSettled(stage.wanted.map((user) => client.createAndConfirm(user, options)))
      promised(new Set(stage.users.map(({ id }) => id)).size === stage.count, 'Every user has an id of its own')
    },
  },
  { name: 'refuse a second', run: 'such a service may take an e-mail address twice' },
  {
    name: 'read',
    run: async ({ client, users, wanted, options }) => {
      const read = await allSettled(users.map(({ id }) => client.get(id, options)))
      for (const [index, { id, name, email }] of read.entries()) {
        const asked = wanted[index]
        promised(name === asked?.name && email === asked.email, `User ${id} is as it was created`)
      }
    },
  },
  {
    name: 'list',
    run: async (stage) => {
      promised(
        ids(await ownUsers(stage, stage.options)) === ids(stage.users),
        'A list shows every user, and each one once',
      )
    },
  },
  { name: 'filter', run: 'such a service has filters of its own' },
  {
    name: 'update',
    run: async (stage) => {
      const { client, options } = stage
      stage.users = await allSettled(
        stage.users.map(async ({ id, email, name }) => {
          const user = await client.update(id, { name: `${name} II`, email }, options)
          const isKept = async () => (await client.get(id, options)).name === `${name} II`
          await promisedSoon(isKept, `An update of user ${id} that was accepted is kept`, options)
          return user
        }),
      )
    },
  },
  { name: 'e-mail', run: 'such a service has no route for it' },
  { name: 'roles', run: 'such a service has none' },
  {
    name: 'delete',
    run: async ({ client, users, options }) => {
      await allSettled(users.map(({ id }) => client.deleteAndConfirm(id, options)))
    },
  },
  {
    name: 'confirm',
    run: async (stage) => {
      const left = await ownUsers(stage, stage.options)
      promised(left.length === 0, `Nobody is left: ${left.length} are`)
    },
  },
]

async function ownUsers({ client, factory }: PlainStage, options: CallOptions): Promise<readonly PlainUser[]> {
  const all = await collect(client.each({}, undefined, options))
  return all.filter(({ email }) => typeof email === 'string' && email.includes(`.${factory.runId}@`))
}

/** As `cleanUp` of scenario-steps. */
export async function cleanUpPlain(stage: PlainStage, options: CallOptions): Promise<number> {
  const left = await ownUsers(stage, options)
  await allSettled(left.map(({ id }) => stage.client.delete(id, options).catch(unlessGone)))
  return left.length
}

function unlessGone(error: unknown): void {
  if (!(isApiError(error) && error.status === NOT_FOUND)) throw error
}
