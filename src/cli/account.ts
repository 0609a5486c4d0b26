import type { Command } from 'commander'
import { isApiError } from '../client/errors'
import type { Login } from '../client/types.gen'
import { type Context, type Surroundings, withContext } from './context'
import { withExamples } from './help'
import { askSecretly, canAsk, readFirstLine } from './prompt'

interface ProofOptions {
  readonly code?: string
  readonly passwordStdin?: boolean
}

/** `rollcall login`, `logout`, `whoami`, `step-up`, `explain` */
export function addAccount(program: Command, around: Surroundings): void {
  withExamples(
    withProof(
      program.command('login <email>').description('log in, and keep the session in a file that only you can read'),
    ),
    'login ada@example.com',
    'login ada@example.com --password-stdin < password.txt',
  ).action(withContext<ProofOptions>(around, logIn))

  withExamples(program.command('logout').description('end the session'), 'logout').action(
    withContext(around, async ({ client, signal, tell }) => {
      await client.auth.logout({ signal })
      tell('Logged out', { logged_out: true })
    }),
  )

  withExamples(program.command('whoami').description('show who you are to the service'), 'whoami').action(
    withContext(around, async ({ client, signal, showOne }) => showOne(await client.auth.me({ signal }))),
  )

  withExamples(
    withProof(program.command('step-up').description('prove again who you are: dangerous calls ask for it')),
    'step-up',
  ).action(
    withContext<ProofOptions>(around, async (context, options) => {
      const { client, signal, tell } = context
      const password = await passwordOf(options, signal)
      const proof = await withCode(options, signal, (code) => client.auth.stepUp({ password, code }, { signal }))
      tell(`Good until ${proof.valid_until}`, proof)
    }),
  )

  withExamples(
    program
      .command('explain <method> <path>')
      .description('whether a call would be let in, and why')
      .option('--user <id>', 'whose call; yours unless told'),
    'explain DELETE /users/66f0c1a2b3c4d5e6f7a8b9c0',
    'explain POST /roles --user 66f0c1a2b3c4d5e6f7a8b9c1',
  ).action(
    withContext<{ readonly user?: string }>(around, async ({ client, signal, showOne }, { user }, verb, path) => {
      const method = verb.toUpperCase() as 'GET'
      showOne(await client.auth.explain({ method, path, user_id: user }, { signal }))
    }),
  )
}

function withProof(command: Command): Command {
  return command
    .option('--code <code>', 'of your authenticator')
    .option('--password-stdin', 'read the password from standard input')
}

async function logIn(context: Context, options: ProofOptions, email: string): Promise<void> {
  const { client, signal, tell } = context
  const password = await passwordOf(options, signal)
  const attempt = (code: string | undefined) => client.auth.login({ email, password, code } satisfies Login, { signal })
  const { user } = await withCode(options, signal, attempt)
  tell(`Logged in as ${user.email}`, user)
}

function passwordOf({ passwordStdin }: ProofOptions, signal: AbortSignal): Promise<string> {
  return passwordStdin ? readFirstLine() : askSecretly('Password: ', signal)
}

/** Asks for the authenticator's code when the service wants one. */
async function withCode<T>(
  { code, passwordStdin }: ProofOptions,
  signal: AbortSignal,
  attempt: (code: string | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(code)
  } catch (error) {
    if (!isApiError(error, 'MFA_REQUIRED') || passwordStdin || !canAsk()) throw error
    return attempt(await askSecretly('Code of your authenticator: ', signal))
  }
}

/** What a person can do about an error. */
export function adviceFor(error: unknown): string | undefined {
  if (isApiError(error, 'STEP_UP_REQUIRED')) return 'Prove who you are with `rollcall step-up`, then try again'
  if (isApiError(error, 'MFA_REQUIRED')) return 'Give the code of your authenticator with --code'
  if (isApiError(error, 'UNAUTHENTICATED') && !error.path.endsWith('/auth/login'))
    return 'Log in with `rollcall login <email>`, or set ROLLCALL_API_KEY'
  if (isApiError(error, 'FORBIDDEN')) return 'Ask `rollcall explain <method> <path>` what is missing'
  if (isApiError(error, 'RATE_LIMITED', 'ACCOUNT_LOCKED')) return 'Wait a while before you try again'
  return undefined
}
