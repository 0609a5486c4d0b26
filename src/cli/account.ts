import type { Command } from 'commander'
import { isApiError } from '../client/errors'
import { type Surroundings, withContext } from './context'
import { askSecretly, readFirstLine } from './prompt'

interface LoginOptions {
  readonly code?: string
  readonly passwordStdin?: boolean
}

/** `rollcall login`, `logout`, `whoami`, `sessions …`, `keys …` */
export function addAccount(program: Command, around: Surroundings): void {
  program
    .command('login <email>')
    .description('log in, and keep the session in a file that only you can read')
    .option('--code <code>', 'of your authenticator')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      `\nExamples:\n  $ rollcall login ada@example.com\n  $ pass rollcall | rollcall login ada@example.com --password-stdin`,
    )
    .action(
      withContext<LoginOptions>(around, async ({ client, signal, say }, options, email) => {
        const password = options.passwordStdin ? await readFirstLine() : await askSecretly('Password: ', signal)
        const { user } = await client.auth.login({ email, password, code: options.code }, { signal })
        say(`Logged in as ${user.email}`)
      }),
    )

  program
    .command('logout')
    .description('end the session')
    .action(
      withContext(around, async ({ client, signal, say }) => {
        await client.auth.logout({ signal })
        say('Logged out')
      }),
    )

  program
    .command('whoami')
    .description('show who you are to the service')
    .action(withContext(around, async ({ client, signal, showOne }) => showOne(await client.auth.me({ signal }))))

  addSessions(program, around)
  addKeys(program, around)
}

function addSessions(program: Command, around: Surroundings): void {
  const sessions = program.command('sessions').description('list and end your sessions')
  sessions
    .command('list')
    .description('list your sessions')
    .action(
      withContext(around, async ({ client, signal, showRows }) =>
        showRows(['id', 'device', 'address', 'last_used_at', 'current'], await client.auth.sessions({ signal })),
      ),
    )
  sessions
    .command('end [id]')
    .description('end a session; without an id, all but this one')
    .action(
      withContext(around, async ({ client, signal, say }, _, id?: string) => {
        if (id === undefined) {
          const { ended } = await client.auth.endOtherSessions({ signal })
          say(`Ended ${ended} sessions`)
          return
        }
        await client.auth.endSession(id, { signal })
        say(`Ended ${id}`)
      }),
    )
}

interface KeyOptions {
  readonly permission: string[]
  readonly expires?: string
}

function addKeys(program: Command, around: Surroundings): void {
  const keys = program.command('keys').description('list, make and revoke API keys')
  keys
    .command('list')
    .description('list your API keys')
    .action(
      withContext(around, async ({ client, signal, showRows }) =>
        showRows(['id', 'name', 'permissions', 'expires_at', 'last_used_at'], await client.auth.apiKeys({ signal })),
      ),
    )
  keys
    .command('create <name>')
    .description('make an API key; it is shown this once')
    .requiredOption('--permission <permission...>', 'the most that it may do')
    .option('--expires <date>', 'when it ends, RFC 3339')
    .addHelpText('after', `\nExample:\n  $ rollcall keys create 'Nightly import' --permission users:read users:write`)
    .action(
      withContext<KeyOptions>(around, async ({ client, signal, showOne }, { permission, expires }, name) =>
        showOne(await client.auth.createApiKey({ name, permissions: permission, expires_at: expires }, { signal })),
      ),
    )
  keys
    .command('revoke <id>')
    .description('end an API key')
    .action(
      withContext(around, async ({ client, signal, say }, _, id) => {
        await client.auth.revokeApiKey(id, { signal })
        say(`Revoked ${id}`)
      }),
    )
}

/** What a person can do about an error. */
export function adviceFor(error: unknown): string | undefined {
  if (isApiError(error, 'UNAUTHENTICATED')) return 'Log in with `rollcall login <email>`, or set ROLLCALL_API_KEY'
  if (isApiError(error, 'RATE_LIMITED', 'ACCOUNT_LOCKED')) return 'Wait a while before you try again'
  return undefined
}
