import { offering, quoted, walkText } from './sh'
import type { CompletedCommand, Offer } from './tree'

export function zshScript(name: string, commands: readonly CompletedCommand[]): string {
  return `#compdef ${name}
# zsh completion for ${name}. In ~/.zshrc, after compinit: eval "$(${name} completion zsh)"
_${name}() {
  local word cur=\${words[CURRENT]} place='' option='' since=0 i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
${walkText(commands)}
${offering(commands, { offer: (offers) => `offered=(${offers.map(described).join(' ')})`, files: '_files' })}
  (( \${#offered} )) && _describe -t values '${name}' offered
}
# Read by compinit from a folder of $fpath it is called; else it says what it is for.
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

/** `users:list, read and change users`: a colon ends the word. */
function described({ word, description }: Offer): string {
  const escaped = word.replaceAll(':', '\\:')
  return quoted(description === '' ? escaped : `${escaped}:${description}`)
}
