import { type Command, InvalidArgumentError, Option } from 'commander'
import type { NewUser, UserPatch } from '../client/types.gen'
import { type Context, type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'

const COLUMNS = ['id', 'name', 'email', 'age', 'is_active', 'roles', 'version']

interface ListOptions {
  readonly filter?: string
  readonly search?: string
  readonly role?: string
  readonly sort?: string
  readonly limit: number
  readonly all?: boolean
}

interface FieldOptions {
  readonly name?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string
  readonly age?: number
  readonly active?: boolean
  readonly role?: string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, unknown>>
}

/** `rollcall users …` */
export function addUsers(program: Command, around: Surroundings): void {
  const users = program.command('users').description('list, read, create, change and delete users')

  users
    .command('list')
    .description('list users')
    .option('--filter <scim>', 'SCIM filter')
    .option('--search <text>', 'text in the name or the e-mail')
    .option('--role <role>', 'who holds this role')
    .option('--sort <fields>', 'for instance -created_at,name')
    .option('--limit <number>', 'at most so many', toCount, 20)
    .option('--all', 'every one, however many')
    .addHelpText(
      'after',
      `
Examples:
  $ rollcall users list --role ADMIN
  $ rollcall users list --filter 'age ge 18 and email ew "@example.com"' --sort -created_at
  $ rollcall users list --all --json | jq -r '.[].email'`,
    )
    .action(withContext<ListOptions>(around, listUsers))

  users
    .command('get <id>')
    .description('show a user')
    .action(
      withContext(around, async ({ client, signal, showOne }, _, id) =>
        showOne(await client.users.get(id, { signal })),
      ),
    )

  withFields(users.command('create').description('create a user'))
    .addHelpText(
      'after',
      `
Examples:
  $ rollcall users create --name 'John Doe' --email john.doe@example.com --role CLIENT
  $ rollcall users create --data '{"name": "Jane Doe", "email": "jane@example.com", "metadata": {"plan": "pro"}}'`,
    )
    .action(
      withContext<FieldOptions>(around, async ({ client, signal, showOne }, options) => {
        const user = fieldsOf(options) as unknown as NewUser
        showOne(await client.users.create(user, { signal }))
      }),
    )

  withFields(users.command('update <id>').description('change fields of a user'))
    .addHelpText('after', `\nExample:\n  $ rollcall users update 66f0c1a2b3c4d5e6f7a8b9c0 --age 31 --no-active`)
    .action(
      withContext<FieldOptions>(around, async ({ client, signal, showOne }, options, id) => {
        const patch = fieldsOf(options) as UserPatch
        if (Object.keys(patch).length === 0) throw new UsageError('Say what to change: --name, --age, --data …')
        showOne(await client.users.update(id, () => patch, { signal }))
      }),
    )

  users
    .command('delete <ids...>')
    .description('delete users, and wait until they have gone')
    .addHelpText('after', `\nExample:\n  $ rollcall users delete 66f0c1a2b3c4d5e6f7a8b9c0`)
    .action(withContext(around, (context, _, ids) => deleteUsers(context, ids as unknown as readonly string[])))
}

async function listUsers({ client, signal, showRows, terminal }: Context, options: ListOptions): Promise<void> {
  const { filter, search: q, role, sort, limit, all } = options
  const users = []
  let more = false
  for await (const user of client.users.each({ filter, q, role, sort }, { signal })) {
    more = !all && users.length === limit
    if (more) break
    users.push(user)
  }
  showRows(COLUMNS, users)
  if (more) terminal.note(`There are more: --limit or --all shows them\n`)
}

async function deleteUsers({ client, signal, say, json, terminal }: Context, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await client.users.deleteAndConfirm(id, { signal })
    say(`Deleted ${id}`)
  }
  if (json) terminal.write(`${JSON.stringify({ deleted: ids })}\n`)
}

function withFields(command: Command): Command {
  return command
    .option('--name <name>', 'the whole name')
    .option('--first-name <name>', 'given name')
    .option('--last-name <name>', 'family name')
    .option('--email <address>', 'e-mail address')
    .option('--age <years>', 'age in years', toCount)
    .option('--active', 'may log in')
    .option('--no-active', 'may not log in')
    .option('--role <role...>', 'the roles it holds')
    .addOption(new Option('--metadata <json>', 'a document of your own').argParser(toObject))
    .addOption(new Option('--data <json>', 'any fields, as JSON; the other options win').argParser(toObject))
}

function fieldsOf(options: FieldOptions): Readonly<Record<string, unknown>> {
  const { name, firstName: first_name, lastName: last_name, email, age, active: is_active, role, metadata } = options
  const given = { name, first_name, last_name, email, age, is_active, roles: role, metadata }
  return {
    ...options.data,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}

function toCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return count
}

function toObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // told below
  }
  throw new InvalidArgumentError('It must be a JSON object.')
}
