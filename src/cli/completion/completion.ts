import { Argument, type Command } from 'commander'
import { withExamples } from '../help'
import type { Terminal } from '../terminal'
import { bashScript } from './bash'
import { fishScript } from './fish'
import { completedCommands } from './tree'
import { zshScript } from './zsh'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof SCRIPTS

/** `rollcall completion`: a script with every command, option and choice in it, so that completing starts no process. */
export function addCompletion(program: Command, terminal: Pick<Terminal, 'write'>): void {
  withExamples(
    program
      .command('completion')
      .description('print what makes a shell complete commands, options and values')
      .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS))),
    'completion bash >> ~/.bash_completion',
    'completion zsh > "${fpath[1]}/_rollcall"',
    'completion fish > ~/.config/fish/completions/rollcall.fish',
  ).action((shell: Shell) => terminal.write(SCRIPTS[shell](program.name(), completedCommands(program))))
}
