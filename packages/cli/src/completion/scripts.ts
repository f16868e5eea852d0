import type { CommandFacts } from "./command-facts.ts";

/**
 * Completion scripts made from the command tree. What never changes (commands, options) stands in the script; refs and
 * ids are asked of `squall __complete`, which asks the server.
 */
export function bashScript(facts: readonly CommandFacts[]): string {
  return `# bash completion for squall; put this in ~/.bashrc:
#   source <(squall completion bash)
${factsFunction(facts)}
_squall() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev="" action="" cmdpath="" word at place=0 before=""
  COMPREPLY=()
  # Bash takes name=value apart at the sign; only the names are completed.
  [[ $cur == = || \${COMP_WORDS[COMP_CWORD-1]} == = ]] && { [[ $cur == = ]] && cur=""; compopt -o default 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return; }
  _squall_facts ""
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == = ]]; then ((at++)); continue; fi
    if [[ $word == -* ]]; then
      if [[ $values == *" $word:"* ]]; then
        if ((at + 1 == COMP_CWORD)); then prev=$word; else ((at++)); fi
      fi
      continue
    fi
    if [[ " $subs " == *" $word "* ]]; then
      cmdpath="\${cmdpath:+$cmdpath }$word"
      _squall_facts "$cmdpath"
    else
      ((place == 0)) && action=$word
      ((place++))
    fi
  done
  local kind=""
  if [[ -n $prev ]]; then
    kind=\${values#*" $prev:"}
    kind=\${kind%% *}
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$opts" -- "$cur"))
    return
  elif [[ -n $subs ]]; then
    COMPREPLY=($(compgen -W "$subs" -- "$cur"))
    return
  else
    kind=$(_squall_place "$place")
  fi
  case $kind in
    "") ;;
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    parameters) compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W "$("$1" __complete "$kind" "$cur" "$action" 2>/dev/null)" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$("$1" __complete "$kind" "$cur" 2>/dev/null)" -- "$cur")) ;;
  esac
}
complete -F _squall squall
`;
}

export function zshScript(facts: readonly CommandFacts[]): string {
  return `#compdef squall
# zsh completion for squall; put this in ~/.zshrc after compinit:
#   source <(squall completion zsh)
${factsFunction(facts)}
_squall() {
  local cur=\${words[CURRENT]} prev="" action="" cmdpath="" word kind=""
  local -i at place=0
  local subs opts values places repeats
  _squall_facts ""
  for ((at = 2; at < CURRENT; at++)); do
    word=\${words[at]}
    if [[ $word == -* ]]; then
      if [[ $values == *" $word:"* ]]; then
        if ((at + 1 == CURRENT)); then prev=$word; else ((at++)); fi
      fi
      continue
    fi
    if [[ " $subs " == *" $word "* ]]; then
      cmdpath="\${cmdpath:+$cmdpath }$word"
      _squall_facts "$cmdpath"
    else
      ((place == 0)) && action=$word
      ((place++))
    fi
  done
  if [[ -n $prev ]]; then
    kind=\${values#*" $prev:"}
    kind=\${kind%% *}
  elif [[ $cur == -* ]]; then
    compadd -- \${=opts}
    return
  elif [[ -n $subs ]]; then
    compadd -- \${=subs}
    return
  else
    kind=$(_squall_place "$place")
  fi
  case $kind in
    "") ;;
    file) _files ;;
    directory) _files -/ ;;
    parameters) if [[ $cur == *=* ]]; then compset -P "*="; _files; else compadd -S "" -- \${(f)"$(\${words[1]} __complete $kind "$cur" "$action" 2>/dev/null)"}; fi ;;
    *) compadd -- \${(f)"$(\${words[1]} __complete $kind "$cur" 2>/dev/null)"} ;;
  esac
}
if [[ \${funcstack[1]} == _squall ]]; then _squall "$@"; else compdef _squall squall; fi
`;
}

/** One function for both shells: sets what is known of a command, by its words. */
function factsFunction(facts: readonly CommandFacts[]): string {
  const cases = facts.map((one) => {
    const values = Object.entries(one.values).map(([flag, kind]) => ` ${flag}:${kind}`);
    return [
      `    "${one.path}")`,
      `      subs="${one.subcommands.map(({ name }) => name).join(" ")}"`,
      `      opts="${one.options.map(({ flag }) => flag).join(" ")}"`,
      `      values="${values.join("")} "`,
      `      places="${one.places.join(" ")}" repeats=${one.repeats ? 1 : 0} ;;`,
    ].join("\n");
  });
  return `_squall_facts() {
  case $1 in
${cases.join("\n")}
    *) subs="" opts="" values="" places="" repeats=0 ;;
  esac
}
_squall_place() {
  local -i left=$1
  local rest="$places " kind=""
  while [ -n "\${rest# }" ]; do
    kind=\${rest%% *}
    rest=\${rest#* }
    if [ "$left" -eq 0 ]; then printf %s "$kind"; return; fi
    left=$((left - 1))
  done
  if [ "$repeats" = 1 ]; then printf %s "$kind"; fi
}`;
}
