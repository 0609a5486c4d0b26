import { type Command, Option } from 'commander'
import type { Invitation, NewUser, User, UserPatch } from '../client/types.gen'
import { toCount, toNames } from './arguments'
import { type Context, type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'
import { suggesting, withExamples } from './help'
import { askSecretly, readFirstLine } from './prompt'
import { escapedJson } from './text'
import { type FieldOptions, fieldsOf, SYSTEM_ROLES, withFields } from './user-fields'
import { addUsersExport } from './users-export'
import { addUsersImport } from './users-import'
import { addUsersMany } from './users-many'

const COLUMNS = ['id', 'name', 'email', 'roles', 'is_active', 'age', 'version']
const SPARE = ['is_active', 'age', 'version']
const SORTS = ['name', 'email', 'age', 'created_at', 'updated_at'].flatMap((field) => [field, `-${field}`])
const ID = '66f0c1a2b3c4d5e6f7a8b9c0'

interface ListOptions {
  readonly filter?: string
  readonly search?: string
  readonly role?: string
  readonly sort?: string
  readonly limit: number
  readonly all?: boolean
  readonly columns?: readonly string[]
}

interface CreateOptions extends FieldOptions {
  readonly idempotencyKey?: string
}

interface UpdateOptions extends FieldOptions {
  readonly ifVersion?: number
}

/** `rollcall users …` */
export function addUsers(program: Command, around: Surroundings): void {
  const users = withExamples(
    program.command('users').description('list, read, create, change and delete users'),
    'users list --role ADMIN',
    `users get ${ID}`,
  )
  addReading(users, around)
  addWriting(users, around)
  addUsersMany(users, around)
  addUsersImport(users, around)
  addUsersExport(users, around)
  addAccess(users, around)
}

function addReading(users: Command, around: Surroundings): void {
  const list = users
    .command('list')
    .description('list users')
    .option('--filter <scim>', 'SCIM filter')
    .option('--search <text>', 'text in the name or the e-mail')
    .addOption(suggesting(new Option('--role <role>', 'who holds this role'), SYSTEM_ROLES))
    .addOption(suggesting(new Option('--sort <fields>', 'for instance -created_at,name'), SORTS))
    .option('--limit <number>', 'at most so many', toCount, 20)
    .option('--all', 'every one, however many')
    .addOption(suggesting(new Option('--columns <names>', 'of the table').argParser(toNames), COLUMNS))
  withExamples(
    list,
    'users list --role ADMIN',
    `users list --filter 'age ge 18 and email ew "@example.com"'`,
    `users list --all --json | jq -r '.[].email'`,
  ).action(withContext<ListOptions>(around, listUsers))

  withExamples(users.command('get <id>').description('show a user'), `users get ${ID}`).action(
    withContext(around, async ({ client, signal, showOne }, _, id) => showOne(await client.users.get(id, { signal }))),
  )
}

async function listUsers(context: Context, options: ListOptions): Promise<void> {
  const { client, signal, json, showRows, remark } = context
  const { filter, search: q, role, sort, limit, all, columns } = options
  const query = { filter, q, role, sort, total: all ? ('exact' as const) : ('none' as const) }
  if (all && json) {
    await writeJsonList(context, client.users.each({ ...query, total: 'none' }, { signal }))
    return
  }
  const found: User[] = []
  let more = false
  const progress = all ? context.progress('Reading') : undefined
  try {
    for await (const { items, total } of client.users.pages(query, { signal })) {
      if (progress && total !== undefined) progress.total = total
      progress?.tick(items.length)
      found.push(...items)
      more = !all && found.length > limit
      if (!all && found.length >= limit) break
    }
  } finally {
    progress?.end()
  }
  if (columns) showRows(columns, all ? found : found.slice(0, limit))
  else showRows(COLUMNS, all ? found : found.slice(0, limit), { spare: SPARE })
  if (more) remark('There are more: --limit or --all shows them')
}

/** One by one, so that a list of any length needs little memory. Where it breaks off, it is no JSON: nobody takes it for whole. */
async function writeJsonList({ terminal }: Context, items: AsyncIterable<unknown>): Promise<void> {
  let before = '[\n'
  for await (const item of items) {
    terminal.write(before + escapedJson(JSON.stringify(item, null, 2)).replace(/^/gm, '  '))
    before = ',\n'
  }
  terminal.write(before === '[\n' ? '[]\n' : '\n]\n')
}

function addWriting(users: Command, around: Surroundings): void {
  withExamples(
    withFields(users.command('create').description('create a user')).option(
      '--idempotency-key <key>',
      'the same key again, also from another process, gives the same user',
    ),
    `users create --name 'John Doe' --email john@example.com --age 30`,
    `users create --data '{"name": "Jane", "email": "jane@example.com"}'`,
  ).action(
    withContext<CreateOptions>(around, async ({ client, signal, showOne }, { idempotencyKey, ...options }) => {
      const user = fieldsOf(options) as unknown as NewUser
      showOne(await client.users.create(user, { signal, idempotencyKey }))
    }),
  )

  withExamples(
    withFields(users.command('invite').description('create a user who chooses a password by mail')),
    `users invite --name 'John Doe' --email john.doe@example.com`,
  ).action(
    withContext<FieldOptions>(around, async ({ client, signal, showOne }, options) => {
      const invitation = fieldsOf(options) as unknown as Invitation
      showOne(await client.users.invite(invitation, { signal }))
    }),
  )

  withExamples(
    withFields(users.command('update <id>').description('change fields of a user')).option(
      '--if-version <number>',
      'only if the user is still of this version',
      toCount,
    ),
    `users update ${ID} --age 31 --no-active`,
    `users update ${ID} --age 32 --if-version 3`,
    `users update ${ID} --metadata '{"plan": null}'`,
  ).action(
    withContext<UpdateOptions>(around, async ({ client, signal, showOne }, { ifVersion, ...options }, id) => {
      const patch = fieldsOf(options) as UserPatch
      if (Object.keys(patch).length === 0) throw new UsageError('Say what to change: --name, --age, --data …')
      const updated =
        ifVersion === undefined
          ? client.users.update(id, () => patch, { signal })
          : client.users.patch(id, patch, { signal, ifVersion })
      showOne(await updated)
    }),
  )

  withExamples(
    users.command('email <id> <address>').description('change the e-mail; your own has to be confirmed by mail'),
    `users email ${ID} john@example.org`,
  ).action(
    withContext(around, async ({ client, signal, showOne }, _, id, address) =>
      showOne(await client.users.changeEmail(id, address, { signal })),
    ),
  )
}

function addAccess(users: Command, around: Surroundings): void {
  withExamples(
    users
      .command('password <id>')
      .description('set a password; it is asked for')
      .option('--password-stdin', 'read the password from standard input'),
    `users password ${ID}`,
    `users password ${ID} --password-stdin < new.txt`,
  ).action(
    withContext<{ readonly passwordStdin?: boolean }>(around, async ({ client, signal, tell }, options, id) => {
      const password = options.passwordStdin ? await readFirstLine() : await askSecretly('New password: ', signal)
      const { email } = await client.users.setPassword(id, password, { signal })
      tell(`${email} has a new password`, { id, password_set: true })
    }),
  )

  withExamples(
    users.command('unlock <id>').description('let a user log in again who failed too often'),
    `users unlock ${ID}`,
  ).action(
    withContext(around, async ({ client, signal, tell }, _, id) => {
      await client.users.unlock(id, { signal })
      tell(`Unlocked ${id}`, { id, unlocked: true })
    }),
  )
}
