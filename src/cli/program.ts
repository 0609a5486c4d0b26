import { Command } from 'commander'
import { addAccount } from './account'
import { addCompletion } from './completion/completion'
import type { Surroundings } from './context'
import { addDoctor } from './doctor/doctor'
import { EXIT_CODES_HELP } from './exit-codes'
import { withExamples } from './help'
import { addProcesses } from './processes'
import { addRoles } from './roles'
import { addScenario } from './scenario'
import { addKeys, addSessions } from './sessions'
import { addUsers } from './users'
import { packageVersion } from './version'

/** The whole command line. It ends no process: errors are thrown, and `writeError` is told what commander says of them. */
export function createProgram(around: Surroundings, writeError: (text: string) => void): Command {
  const program = new Command('rollcall')
    .description('Users, roles and accounts of a Rollcall service')
    .version(packageVersion())
    .option('--base-url <url>', 'the service (ROLLCALL_BASE_URL)')
    .option('--profile <name>', 'settings from .env.<name> (ROLLCALL_PROFILE)')
    .option('--json', 'JSON for scripts, in place of tables')
    .option('--verbose', 'tell every request, on standard error')
    // Set before the commands are added: they take it over.
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeErr: writeError,
      outputError: (text, write) => write(text.replace(/^error: /, 'rollcall: ')),
    })
    .exitOverride()
  addUsers(program, around)
  addRoles(program, around)
  addAccount(program, around)
  addSessions(program, around)
  addKeys(program, around)
  addDoctor(program, around)
  addScenario(program, around)
  addProcesses(program, around.signal)
  addCompletion(program, around.terminal)
  withExamples(program, 'users list --role ADMIN', 'doctor', 'scenario --users 20')
  return program.addHelpText('after', EXIT_CODES_HELP)
}
