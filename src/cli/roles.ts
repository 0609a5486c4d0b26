import { type Command, Option } from 'commander'
import { PERMISSIONS } from '../http/access'
import { toDate } from './arguments'
import { type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'
import { suggesting, withExamples } from './help'

const COLUMNS = ['name', 'permissions', 'user_count', 'is_system', 'description']
const SPARE = ['user_count', 'is_system', 'description']
const GRANT_COLUMNS = ['role', 'granted_at', 'expires_at']
const ID = '66f0c1a2b3c4d5e6f7a8b9c0'

interface RoleOptions {
  readonly description?: string
  readonly permission?: string[]
}

/** `rollcall roles …` */
export function addRoles(program: Command, around: Surroundings): void {
  const roles = withExamples(
    program.command('roles').description('list, create, change and delete roles, and give them to users'),
    'roles list',
    `roles grant ${ID} ADMIN`,
  )
  addReading(roles, around)
  addWriting(roles, around)
  addGrants(roles, around)
}

/** What a role, or a key, lets its holders do. */
export function permissionOption(description: string): Option {
  return suggesting(new Option('--permission <permission...>', description), PERMISSIONS)
}

function addReading(roles: Command, around: Surroundings): void {
  withExamples(roles.command('list').description('list roles'), 'roles list', 'roles list --json').action(
    withContext(around, async ({ client, signal, showRows }) => {
      const found = []
      for await (const role of client.roles.each({ sort: 'name' }, { signal })) found.push(role)
      showRows(COLUMNS, found, { spare: SPARE })
    }),
  )

  withExamples(roles.command('get <name>').description('show a role'), 'roles get ADMIN').action(
    withContext(around, async ({ client, signal, showOne }, _, name) =>
      showOne(await client.roles.get(name, { signal })),
    ),
  )
}

function addWriting(roles: Command, around: Surroundings): void {
  withExamples(
    roles
      .command('create <name>')
      .description('create a role')
      .option('--description <text>', 'what it is for')
      .addOption(permissionOption('what its holders may do')),
    'roles create AUDITOR --permission users:read audit:read',
  ).action(
    withContext<RoleOptions>(around, async ({ client, signal, showOne }, options, name) => {
      const { description, permission: permissions } = options
      showOne(await client.roles.create({ name, description, permissions }, { signal }))
    }),
  )

  withExamples(
    roles
      .command('update <name>')
      .description('change a role')
      .option('--rename <name>', 'another name; its holders keep the role')
      .option('--description <text>', 'what it is for')
      .addOption(permissionOption('what its holders may do, in place of what they could')),
    'roles update AUDITOR --permission users:read',
    'roles update AUDITOR --rename READER',
  ).action(
    withContext<RoleOptions & { readonly rename?: string }>(
      around,
      async ({ client, signal, showOne }, { rename, description, permission: permissions }, name) => {
        const patch = { name: rename, description, permissions }
        if (Object.values(patch).every((value) => value === undefined)) {
          throw new UsageError('Say what to change: --rename, --description, --permission')
        }
        showOne(await client.roles.update(name, () => patch, { signal }))
      },
    ),
  )

  withExamples(
    roles.command('delete <name>').description('delete a role').option('--force', 'take it from those who hold it'),
    'roles delete AUDITOR --force',
  ).action(
    withContext<{ readonly force?: boolean }>(around, async ({ client, signal, tell }, { force = false }, name) => {
      await client.roles.delete(name, { signal, force })
      tell(`Deleted ${name}`, { deleted: name })
    }),
  )
}

function addGrants(roles: Command, around: Surroundings): void {
  withExamples(roles.command('of <user-id>').description('list the roles that a user holds'), `roles of ${ID}`).action(
    withContext(around, async ({ client, signal, showRows }, _, id) =>
      showRows(GRANT_COLUMNS, await client.users.grants(id, { signal })),
    ),
  )

  withExamples(
    roles
      .command('grant <user-id> <roles...>')
      .description('give roles to a user')
      .option('--expires <date>', 'when they end by themselves', toDate),
    `roles grant ${ID} ADMIN`,
    `roles grant ${ID} AUDITOR --expires 2027-01-31`,
  ).action(
    withContext<{ readonly expires?: Date }>(around, async (context, { expires: expiresAt }, id, names) => {
      const { client, signal, showRows } = context
      const grants = await client.users.grant(id, names as unknown as readonly string[], {
        signal,
        ...(expiresAt ? { expiresAt } : {}),
      })
      showRows(GRANT_COLUMNS, grants)
    }),
  )

  withExamples(
    roles.command('revoke <user-id> <role>').description('take a role from a user'),
    `roles revoke ${ID} AUDITOR`,
  ).action(
    withContext(around, async ({ client, signal, tell }, _, id, role) => {
      await client.users.revoke(id, role, { signal })
      tell(`Took ${role} from ${id}`, { id, revoked: role })
    }),
  )
}
