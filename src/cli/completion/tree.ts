import type { Argument, Command, Option } from 'commander'
import { suggestionsFor } from '../help'

/** What a shell offers in one place. */
export interface Offer {
  readonly word: string
  readonly description: string
}

export interface CompletedOption extends Offer {
  /** All its names: `-V`, `--version`. */
  readonly flags: readonly string[]
  readonly takesValue: boolean
  readonly isVariadic: boolean
  readonly values: readonly string[]
  readonly isPath: boolean
}

/** A command as shells see it. */
export interface CompletedCommand {
  /** `/users/list`; '' for the program itself. */
  readonly path: string
  readonly commands: readonly Offer[]
  /** The program's own ones too: they may stand anywhere. */
  readonly options: readonly CompletedOption[]
  /** What may be given as an argument, of any place. */
  readonly values: readonly string[]
  readonly isPath: boolean
}

const HELP = { flags: ['-h', '--help'], word: '--help', description: 'show help' }
const PLAIN = { takesValue: false, isVariadic: false, values: [], isPath: false }
const PATH = /<(file|folder)>/

/** Every command with what it takes, from the program as commander has it. */
export function completedCommands(program: Command): readonly CompletedCommand[] {
  const shared = program.options.map(completedOption)
  const visit = (command: Command, path: string): readonly CompletedCommand[] => [
    {
      path,
      commands: command.commands.map((inner) => ({ word: inner.name(), description: inner.description() })),
      options: [...(path === '' ? [] : command.options.map(completedOption)), ...shared, { ...HELP, ...PLAIN }],
      values: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
      isPath: command.registeredArguments.some(isPathArgument),
    },
    ...command.commands.flatMap((inner) => visit(inner, `${path}/${inner.name()}`)),
  ]
  return visit(program, '')
}

function isPathArgument(argument: Argument): boolean {
  return argument.name() === 'file'
}

function completedOption(option: Option): CompletedOption {
  const { long, short, flags, description, required, optional, variadic } = option
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    word: long ?? short ?? '',
    description,
    takesValue: required || optional,
    isVariadic: variadic,
    values: suggestionsFor(option),
    isPath: PATH.test(flags),
  }
}

/** The options with a value, each with the command where it stands: `/users/list --sort`. */
export function valuedOptions(
  commands: readonly CompletedCommand[],
): readonly (CompletedOption & { readonly place: string })[] {
  return commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap((option) => option.flags.map((flag) => ({ ...option, place: `${path} ${flag}` }))),
  )
}
