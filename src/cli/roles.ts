import type { Command } from 'commander'
import { type Surroundings, withContext } from './context'

const COLUMNS = ['name', 'permissions', 'user_count', 'is_system', 'description']

interface RoleOptions {
  readonly description?: string
  readonly permission?: string[]
}

/** `rollcall roles …` */
export function addRoles(program: Command, around: Surroundings): void {
  const roles = program.command('roles').description('list, create and delete roles, and give them to users')

  roles
    .command('list')
    .description('list roles')
    .action(
      withContext(around, async ({ client, signal, showRows }) => {
        const found = []
        for await (const role of client.roles.each({ sort: 'name' }, { signal })) found.push(role)
        showRows(COLUMNS, found)
      }),
    )

  roles
    .command('get <name>')
    .description('show a role')
    .action(
      withContext(around, async ({ client, signal, showOne }, _, name) =>
        showOne(await client.roles.get(name, { signal })),
      ),
    )

  roles
    .command('create <name>')
    .description('create a role')
    .option('--description <text>', 'what it is for')
    .option('--permission <permission...>', 'what its holders may do')
    .addHelpText('after', `\nExample:\n  $ rollcall roles create AUDITOR --permission users:read audit:read`)
    .action(
      withContext<RoleOptions>(around, async ({ client, signal, showOne }, options, name) => {
        const { description, permission: permissions } = options
        showOne(await client.roles.create({ name, description, permissions }, { signal }))
      }),
    )

  roles
    .command('delete <name>')
    .description('delete a role')
    .option('--force', 'take it from those who hold it')
    .action(
      withContext<{ readonly force?: boolean }>(around, async ({ client, signal, say }, { force = false }, name) => {
        await client.roles.delete(name, { signal, force })
        say(`Deleted ${name}`)
      }),
    )

  addGrants(roles, around)
}

function addGrants(roles: Command, around: Surroundings): void {
  roles
    .command('grant <user-id> <roles...>')
    .description('give roles to a user')
    .action(
      withContext(around, async ({ client, signal, showRows }, _, id, names) => {
        const grants = await client.users.grant(id, names as unknown as readonly string[], { signal })
        showRows(['role', 'granted_at', 'expires_at'], grants)
      }),
    )

  roles
    .command('revoke <user-id> <role>')
    .description('take a role from a user')
    .action(
      withContext(around, async ({ client, signal, say }, _, id, role) => {
        await client.users.revoke(id, role, { signal })
        say(`Took ${role} from ${id}`)
      }),
    )
}
