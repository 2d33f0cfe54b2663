export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A dollar before a brace is the template's own. */
const D = '$';

const BASH = String.raw`# dayboard completion for bash. Put into ~/.bashrc: eval "$(dayboard completion bash)"
_dayboard() {
  local word
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <("${D}{COMP_WORDS[0]}" complete -- "${D}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # After a folder or a list that goes on, no blank.
  [[ ${D}{#COMPREPLY[@]} == 1 && ${D}{COMPREPLY[0]} == */ ]] && compopt -o nospace
  compopt -o nosort 2>/dev/null
}
complete -F _dayboard dayboard
`;

const ZSH = String.raw`#compdef dayboard
# dayboard completion for zsh. Put into ~/.zshrc, after compinit: eval "$(dayboard completion zsh)"
_dayboard() {
  local -a lines words_only shown
  local line
  lines=("${D}{(@f)$("${D}{words[1]}" complete -- "${D}{(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${D}{lines[@]}"; do
    [[ -z $line ]] && continue
    words_only+=("${D}{line%%$'\t'*}")
    if [[ $line == *$'\t'* ]]; then
      shown+=("${D}{line%%$'\t'*}  -- ${D}{line#*$'\t'}")
    else
      shown+=("$line")
    fi
  done
  compadd -V dayboard -l -d shown -- "${D}{words_only[@]}"
}
if [ "${D}{funcstack[1]}" = "_dayboard" ]; then _dayboard "$@"; else compdef _dayboard dayboard; fi
`;

const FISH = String.raw`# dayboard completion for fish. Put into ~/.config/fish/completions/dayboard.fish: dayboard completion fish
function __dayboard_complete
    set -l tokens (commandline -opc)
    set -l last (commandline -ct)
    $tokens[1] complete -- $tokens[2..-1] "$last" 2>/dev/null
end
complete -c dayboard -f -k -a '(__dayboard_complete)'
`;

/** The script that a shell runs to complete `dayboard`: it asks `dayboard complete` what can stand where one is typing. */
export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
