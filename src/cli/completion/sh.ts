// What bash and zsh have in common.
import { type CompletedCommand, type Offer, valuedOptions } from './tree'

/** How a shell is told what to offer. */
export interface OfferSyntax {
  readonly offer: (offers: readonly Offer[]) => string
  readonly files: string
}

/** The body of a loop over the words before the present one: it finds the command, and the option whose value is next. */
export function walkText(commands: readonly CompletedCommand[]): string {
  const valued = valuedOptions(commands)
  const paths = commands.map(({ path }) => path).filter((path) => path !== '')
  return `    word=\${words[i]}
    if [[ -n $option && $since -eq 0 ]]; then since=1; continue; fi
    case $word in
      -*)
        option=''
        case "$place $word" in
          ${cases(valued.map(({ place }) => place))}) option=$word; since=0 ;;
        esac
        ;;
      *)
        case "$place/$word" in
          ${cases(paths)}) place="$place/$word"; option='' ;;
        esac
        ;;
    esac
  done
  if [[ -n $option && $since -gt 0 ]]; then
    case "$place $option" in
      ${cases(valued.filter(({ isVariadic }) => isVariadic).map(({ place }) => place))}) ;;
      *) option='' ;;
    esac
  fi`
}

/** Chooses what to offer: values of an option, options, or commands and arguments. */
export function offering(commands: readonly CompletedCommand[], syntax: OfferSyntax): string {
  const bare = (words: readonly string[]) => words.map((word) => ({ word, description: '' }))
  const row = (place: string, offers: readonly Offer[], isPath: boolean) => {
    const parts = [...(offers.length > 0 ? [syntax.offer(offers)] : []), ...(isPath ? [syntax.files] : [])]
    return `      ${quoted(place)}) ${parts.join('; ') || ':'} ;;`
  }
  const values = valuedOptions(commands)
    .filter((option) => option.values.length > 0 || option.isPath)
    .map((option) => row(option.place, bare(option.values), option.isPath))
  const options = commands.map((command) => row(command.path, namesOf(command), false))
  const words = commands.map((command) =>
    row(command.path, [...command.commands, ...bare(command.values)], command.isPath),
  )
  return `  if [[ -n $option && ( $since -eq 0 || $cur != -* ) ]]; then
    case "$place $option" in
${values.join('\n')}
    esac
  elif [[ $cur == -* ]]; then
    case $place in
${options.join('\n')}
    esac
  else
    case $place in
${words.join('\n')}
    esac
  fi`
}

function namesOf({ options }: CompletedCommand): readonly Offer[] {
  return options.flatMap(({ flags, description }) => flags.map((word) => ({ word, description })))
}

function cases(places: readonly string[]): string {
  return places.map(quoted).join('|')
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
