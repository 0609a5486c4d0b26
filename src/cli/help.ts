import type { Command, Option } from 'commander'

/** Shows in the command's help how it is called. */
export function withExamples(command: Command, ...calls: readonly string[]): Command {
  const lines = calls.map((call) => `  $ rollcall ${call}`)
  return command.addHelpText('after', `\nExample${calls.length > 1 ? 's' : ''}:\n${lines.join('\n')}`)
}

const suggested = new WeakMap<Option, readonly string[]>()

/** Values that shells offer; others may be given, too. */
export function suggesting(option: Option, values: readonly string[]): Option {
  suggested.set(option, values)
  return option
}

export function suggestionsFor(option: Option): readonly string[] {
  return option.argChoices ?? suggested.get(option) ?? []
}
