import { offering, quoted, walkText } from './sh'
import type { CompletedCommand, Offer } from './tree'

/** For bash 3.2 and later: macOS has no other. */
export function bashScript(name: string, commands: readonly CompletedCommand[]): string {
  return `# bash completion for ${name}. In ~/.bashrc: eval "$(${name} completion bash)"
_${name}() {
  local line=\${COMP_LINE:0:COMP_POINT} words word cur place='' option='' since=0 offered='' files='' i
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=\${words[\${#words[@]}-1]}
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
${walkText(commands)}
  if [[ $cur == --*=* ]]; then option=\${cur%%=*}; cur=\${cur#*=}; fi
${offering(commands, { offer: (offers) => `offered=${quoted(wordsOf(offers))}`, files: 'files=1' })}
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$offered" -- "$cur"))
  if [[ -n $files ]]; then
    COMPREPLY+=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
  fi
  # Readline takes what follows a colon for a word of its own.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=\${COMPREPLY[i]#"\${cur%"\${cur##*:}"}"}; done
  fi
}
complete -F _${name} ${name}
`
}

function wordsOf(offers: readonly Offer[]): string {
  return offers.map(({ word }) => word).join('\n')
}
