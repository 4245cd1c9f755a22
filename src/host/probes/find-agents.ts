// Which processes are agents of this node: there must be one.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Pids of agents in this process's pid namespace that work on `/`. An empty list: none, or /proc does not tell. */
export function findAgents(): number[] {
  const namespace = linkOf('self');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isAgent(readWords(pid)) && linkOf(pid) === namespace)
    .map(Number);
}

/** Of a command line: the program or the script is sunk-agent, its command is `run`, and no other root is named. Pure. */
export function isAgent(words: readonly string[]): boolean {
  const script = words.findIndex((word) => /\/(?:sunk-agent\/cli\.js|src\/cli\/main\.ts)$/.test(word));
  const rest = words.slice(script + 1);
  if (script === -1 || rest.find((word) => !word.startsWith('-')) !== 'run') return false;
  const root = rest.indexOf('--root');
  return root === -1 || rest[root + 1] === '/';
}

function readWords(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function linkOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}
