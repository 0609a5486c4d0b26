import type { Command } from 'commander'
import { toDate } from './arguments'
import { type Surroundings, withContext } from './context'
import { UsageError } from './exit-codes'
import { withExamples } from './help'
import { permissionOption } from './roles'

const ID = '66f0c1a2b3c4d5e6f7a8b9c0'

/** `rollcall sessions …` */
export function addSessions(program: Command, around: Surroundings): void {
  const sessions = withExamples(
    program.command('sessions').description('list and end sessions'),
    'sessions list',
    'sessions end',
  )

  withExamples(
    sessions.command('list').description('list your sessions').option('--user <id>', 'those of another user'),
    'sessions list',
    `sessions list --user ${ID}`,
  ).action(
    withContext<{ readonly user?: string }>(around, async ({ client, signal, showRows }, { user }) => {
      const list = user === undefined ? client.auth.sessions({ signal }) : client.users.sessions(user, { signal })
      showRows(['id', 'device', 'address', 'last_used_at', 'current'], await list, {
        spare: ['last_used_at', 'device'],
      })
    }),
  )

  withExamples(
    sessions
      .command('end [id]')
      .description('end a session; without an id, all but this one')
      .option('--user <id>', 'all of another user'),
    'sessions end',
    `sessions end --user ${ID}`,
  ).action(
    withContext<{ readonly user?: string }>(around, async ({ client, signal, tell }, { user }, id?: string) => {
      if (id !== undefined && user !== undefined) throw new UsageError('Say one of them: a session, or --user')
      if (id !== undefined) {
        await client.auth.endSession(id, { signal })
        tell(`Ended ${id}`, { ended: 1 })
        return
      }
      const { ended } = await (user === undefined
        ? client.auth.endOtherSessions({ signal })
        : client.users.endSessions(user, { signal }))
      tell(`Ended ${ended} ${ended === 1 ? 'session' : 'sessions'}`, { ended })
    }),
  )
}

interface KeyOptions {
  readonly permission: string[]
  readonly expires?: Date
}

/** `rollcall keys …` */
export function addKeys(program: Command, around: Surroundings): void {
  const keys = withExamples(
    program.command('keys').description('list, make and revoke API keys'),
    'keys list',
    'keys revoke m9GULunSnV2p',
  )

  withExamples(keys.command('list').description('list your API keys'), 'keys list').action(
    withContext(around, async ({ client, signal, showRows }) =>
      showRows(['id', 'name', 'permissions', 'expires_at', 'last_used_at'], await client.auth.apiKeys({ signal }), {
        spare: ['last_used_at'],
      }),
    ),
  )

  withExamples(
    keys
      .command('create <name>')
      .description('make an API key; it is shown this once')
      .addOption(permissionOption('the most that it may do').makeOptionMandatory())
      .option('--expires <date>', 'when it ends', toDate),
    `keys create 'Nightly import' --permission users:read users:write`,
    `keys create Audit --permission users:read --expires 2027-01-31`,
  ).action(
    withContext<KeyOptions>(around, async ({ client, signal, showOne }, { permission, expires }, name) =>
      showOne(
        await client.auth.createApiKey(
          { name, permissions: permission, expires_at: expires?.toISOString() },
          { signal },
        ),
      ),
    ),
  )

  withExamples(keys.command('revoke <id>').description('end an API key'), 'keys revoke m9GULunSnV2p').action(
    withContext(around, async ({ client, signal, tell }, _, id) => {
      await client.auth.revokeApiKey(id, { signal })
      tell(`Revoked ${id}`, { revoked: id })
    }),
  )
}
