#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { redacted } from '../client/logs'
import { addAccount, adviceFor } from './account'
import { addDoctor, SickError } from './doctor'
import { EXIT, exitCodeOf } from './exit-codes'
import { processTerminal, type Terminal } from './output'
import { addProcesses, ChildEndedError } from './processes'
import { addRoles } from './roles'
import { addScenario, ScenarioFailedError } from './scenario'
import { addUsers } from './users'
import { packageVersion } from './version'

/** Ctrl-C under npm arrives twice, from the terminal and from npm: what comes within this time is the same one. */
const SAME_SIGNAL_MS = 1_000

const EXIT_CODES = `
Exit codes:
  0 done                    4 there is no such thing
  1 a fault of the program  5 not logged in, or not allowed
  2 wrong command line      6 the service cannot be reached, or cannot answer
  3 the service refused     7 a promise was broken
  130 interrupted`

function programOf(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command('rollcall')
    .description('Users, roles and accounts of a Rollcall service')
    .version(packageVersion())
    .option('--base-url <url>', 'the service (ROLLCALL_BASE_URL)')
    .option('--profile <name>', 'settings from .env.<name> (ROLLCALL_PROFILE)')
    .option('--json', 'JSON for scripts, in place of tables')
    .option('--verbose', 'tell every request, on standard error')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  const around = { terminal, signal }
  addUsers(program, around)
  addRoles(program, around)
  addAccount(program, around)
  addDoctor(program, around)
  addScenario(program, around)
  addProcesses(program, signal)
  for (const command of program.commands) inheritExit(command)
  return program
}

/** commander copies the setting to commands that are made after it, but not to theirs. */
function inheritExit(command: Command): void {
  command.exitOverride()
  for (const inner of command.commands) inheritExit(inner)
}

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  let since: number | undefined
  const onSignal = () => {
    // The first asks for an end in order; the second does not wait for it.
    if (since !== undefined) {
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(EXIT.interrupted)
      return
    }
    since = performance.now()
    interrupt.abort(new DOMException('Interrupted', 'AbortError'))
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  // `rollcall users list --all | head`: nobody reads any more, and that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  )
  try {
    await programOf(processTerminal, interrupt.signal).parseAsync([...args], { from: 'user' })
    return interrupt.signal.aborted ? EXIT.interrupted : EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (error instanceof SickError) return EXIT.broken
    if (error instanceof ChildEndedError) return error.exitCode
    if (interrupt.signal.aborted) {
      processTerminal.note('Interrupted\n')
      return EXIT.interrupted
    }
    return told(error)
  }
}

function told(error: unknown): number {
  const cause = error instanceof ScenarioFailedError ? error.cause : error
  const code = exitCodeOf(cause)
  const message = error instanceof Error ? error.message : String(error)
  processTerminal.note(`rollcall: ${String(redacted(message))}\n`)
  const advice = adviceFor(cause)
  if (advice !== undefined) processTerminal.note(`${advice}\n`)
  return error instanceof ScenarioFailedError && code === EXIT.failed ? EXIT.broken : code
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
