import { type CompletedCommand, type CompletedOption, valuedOptions } from './tree'

export function fishScript(name: string, commands: readonly CompletedCommand[]): string {
  const valued = valuedOptions(commands)
  return `# fish completion for ${name}. In ~/.config/fish/config.fish: ${name} completion fish | source
function __${name}_place
  set -l place ''
  set -l option ''
  for word in (commandline -opc)[2..]
    if test -n "$option"
      set option ''
      continue
    end
    switch $word
      case '-*'
        contains -- "$place $word" ${valued.map(({ place }) => quoted(place)).join(' ')}
          and set option $word
      case '*'
        contains -- "$place/$word" ${commands.map(({ path }) => quoted(path)).join(' ')}
          and set place "$place/$word"
    end
  end
  echo $place
end
function __${name}_at
  test (__${name}_place) = "$argv[1]"
end
complete -c ${name} -f
${commands.flatMap((command) => linesOf(name, command)).join('\n')}
`
}

function linesOf(name: string, { path, commands, options, values, isPath }: CompletedCommand): readonly string[] {
  const here = `complete -c ${name} -n ${quoted(`__${name}_at "${path}"`)}`
  return [
    ...commands.map(({ word, description }) => `${here} -a ${word} -d ${quoted(description)}`),
    ...(values.length > 0 ? [`${here} -a ${quoted(values.join(' '))}`] : []),
    ...(isPath ? [`${here} -F`] : []),
    ...options.map((option) => `${here} ${optionText(option)}`),
  ]
}

function optionText({ flags, description, takesValue, values, isPath }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  const value = values.length > 0 ? [`-xa ${quoted(values.join(' '))}`] : isPath ? ['-rF'] : takesValue ? ['-x'] : []
  return [...names, ...value, `-d ${quoted(description)}`].join(' ')
}

/** In single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
