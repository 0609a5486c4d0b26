import type { Command } from 'commander'
import { type Context, type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'
import { withExamples } from './help'
import { concernsOneAlone, overMany } from './many'
import { confirm } from './prompt'

const ID = '66f0c1a2b3c4d5e6f7a8b9c0'

interface DeleteOptions {
  readonly filter?: string
  readonly yes?: boolean
}

/** `rollcall users delete | restore | purge`: any number of them. */
export function addUsersMany(users: Command, around: Surroundings): void {
  withExamples(
    users
      .command('delete [ids...]')
      .description('delete users, and wait until they have gone')
      .option('--filter <scim>', 'all whom this SCIM filter finds, after a question')
      .option('--yes', 'do not ask'),
    `users delete ${ID}`,
    `users delete --filter 'email ew "@example.com"'`,
  ).action(
    withContext<DeleteOptions>(around, (context, options, ids) =>
      deleteUsers(context, options, ids as unknown as readonly string[]),
    ),
  )

  withExamples(
    users.command('restore <ids...>').description('undo deletions, within the retention time'),
    `users restore ${ID}`,
  ).action(
    withContext(around, (context, _, ids) =>
      eachOf(context, ids as unknown as readonly string[], RESTORE, (id, signal) =>
        context.client.users.restore(id, { signal }),
      ),
    ),
  )

  withExamples(
    users
      .command('purge <ids...>')
      .description('take deleted users away for good, with all that is held on them')
      .option('--yes', 'do not ask'),
    `users purge ${ID} --yes`,
  ).action(
    withContext<{ readonly yes?: boolean }>(around, async (context, { yes = false }, given) => {
      const { client, signal } = context
      const ids = given as unknown as readonly string[]
      const isSure = await confirm(`Purge ${people(ids.length)}? It cannot be undone.`, yes, signal)
      if (isSure) await eachOf(context, ids, PURGE, (id, late) => client.users.purge(id, { signal: late }))
    }),
  )
}

async function deleteUsers(
  context: Context,
  { filter, yes = false }: DeleteOptions,
  given: readonly string[],
): Promise<void> {
  const { client, signal, remark } = context
  if ((filter === undefined) === (given.length === 0)) throw new UsageError('Say which users: ids, or --filter')
  const ids = filter === undefined ? given : await found(context, filter)
  if (filter !== undefined) {
    if (ids.length > 0 && !(await confirm(`Delete ${people(ids.length)}?`, yes, signal))) return
    if (ids.length === 0) remark('The filter finds nobody')
  }
  await eachOf(context, ids, DELETE, (id, late) => client.users.deleteAndConfirm(id, { signal: late }))
}

async function found({ client, signal }: Context, filter: string): Promise<readonly string[]> {
  const ids: string[] = []
  const query = { filter, fields: 'id', total: 'none' as const }
  for await (const { id } of client.users.each(query, { signal })) ids.push(id)
  return ids
}

interface Deed {
  readonly doing: string
  readonly done: string
  /** The name of the list in what --json gives. */
  readonly key: string
}

const DELETE: Deed = { doing: 'Deleting', done: 'Deleted', key: 'deleted' }
const RESTORE: Deed = { doing: 'Restoring', done: 'Restored', key: 'restored' }
const PURGE: Deed = { doing: 'Purging', done: 'Purged', key: 'purged' }

/** Tells what was done also when not everything was; then it throws what stood in the way. */
async function eachOf(
  { signal, json, progress, tell, remark }: Context,
  ids: readonly string[],
  { doing, done, key }: Deed,
  work: (id: string, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const succeeded: string[] = []
  const failed: { readonly id: string; readonly error: unknown }[] = []
  const bar = ids.length > 1 ? progress(doing, ids.length) : undefined
  const ending = await overMany(ids, {
    signal,
    work,
    goesOn: concernsOneAlone,
    onOutcome: ({ item: id, error }) => {
      bar?.tick()
      if (error !== undefined) {
        failed.push({ id, error })
        return
      }
      succeeded.push(id)
      const say = () => tell(`${done} ${id}`, {})
      if (json) return
      if (bar) bar.above(say)
      else say()
    },
  })
  bar?.end()
  if (json) tell('', { [key]: succeeded, failed: failed.map(({ id }) => id) })
  if (succeeded.length < ids.length && ids.length > 1) remark(`${done} ${succeeded.length} of ${people(ids.length)}`)
  signal.throwIfAborted()
  if (ending) throw ending
  const [first] = failed
  if (first) throw first.error
}

function people(count: number): string {
  return count === 1 ? '1 user' : `${count.toLocaleString('en')} users`
}
