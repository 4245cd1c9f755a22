// Completion for bash, from the table of commands.
import { COMMON_OPTIONS, loadCommands } from './commands.ts';

/** The text of /usr/share/bash-completion/completions/sunk-agent. */
export async function renderCompletion(): Promise<string> {
  const commands = await loadCommands();
  const common = Object.keys(COMMON_OPTIONS);
  const cases = [...commands].map(([name, { options }]) => {
    const words = [...new Set([...Object.keys(options), ...common])].map((option) => `--${option}`).join(' ');
    return `    ${name}) words='${words}' ;;`;
  });
  return `# Completion of sunk-agent(8) for bash.
_sunk_agent() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${[...commands.keys(), '--help', '--version'].join(' ')}' -- "$current")
    return
  fi
  case $previous in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --root) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --reader) mapfile -t COMPREPLY < <(compgen -W 'child socket' -- "$current"); return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _sunk_agent sunk-agent
`;
}
