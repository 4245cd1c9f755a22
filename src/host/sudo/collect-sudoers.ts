// sudoers(5) and all that it includes, as one; without the file that sunk-agent writes.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { readLatin1 } from '../fs/read-text.ts';
import { parseSudoers, type SudoRule } from './parse-sudoers.ts';
import type { Sudoers } from './sudo-grants.ts';
import type { SudoMember } from './sudoers-members.ts';

/** What sunk-agent writes itself, below the root. */
export const MANAGED_SUDOERS = 'etc/sudoers.d/sunk-agent';
/** More than any node has; ends a file that includes itself by another path. */
const MAX_FILES = 1000;

/** An entry at the end of a file that goes on takes in what follows in the next one, which is lost to sudo. */
const ENDS_CONTINUED = /\\[ \t]*\r?\n?$/;

type Aliases = Map<string, readonly SudoMember[]>;

interface Collected {
  readonly rules: SudoRule[];
  readonly userAliases: Aliases;
  readonly hostAliases: Aliases;
  readonly isCaseSensitive: { user: boolean; group: boolean };
  readonly doubtfulAliases: Set<string>;
  /** The last file ended within an entry. */
  isContinued: boolean;
  readonly files: Set<string>;
  /** Whether sudo reads what sunk-agent writes. */
  includesManaged: boolean;
}

/** @param hostname for `%h` in the path of an include. */
export function collectSudoers(
  root: string,
  hostname: string,
): Sudoers & Pick<Collected, 'includesManaged'> & { readonly files: ReadonlySet<string> } {
  const found: Collected = {
    rules: [],
    userAliases: new Map(),
    hostAliases: new Map(),
    isCaseSensitive: { user: false, group: false },
    files: new Set(),
    includesManaged: false,
    doubtfulAliases: new Set(),
    isContinued: false,
  };
  for (const file of listStarts(root)) addFile(root, file, hostname, found);
  return found;
}

/** sudo.conf(5) may name another file for the policy. */
function listStarts(root: string): string[] {
  const named = readLatin1(root, 'etc/sudo.conf').matchAll(/^[ \t]*Plugin\b.*\bsudoers_file=(\S+)/gm);
  return [...new Set(['etc/sudoers', ...[...named].map(([, file = '']) => path.join('/', file).slice(1))])];
}

function addFile(root: string, file: string, hostname: string, found: Collected): void {
  if (file === MANAGED_SUDOERS) found.includesManaged = true;
  if (file === MANAGED_SUDOERS || found.files.has(file) || found.files.size >= MAX_FILES) return;
  if (statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() !== true) return;
  found.files.add(file);
  const text = readLatin1(root, file);
  for (const entry of parseSudoers(text, file)) {
    const isDoubtful = found.isContinued;
    found.isContinued = false;
    switch (entry.kind) {
      case 'rule':
        found.rules.push(entry.rule);
        break;
      case 'aliases':
        addAliases(entry.of === 'User' ? found.userAliases : found.hostAliases, entry.aliases);
        if (isDoubtful) for (const { name } of entry.aliases) found.doubtfulAliases.add(name);
        break;
      case 'defaults':
        applyDefaults(entry.text, found.isCaseSensitive);
        break;
      case 'include':
        addFile(root, resolveInclude(file, entry.path, hostname), hostname, found);
        break;
      case 'includedir':
        for (const one of listIncluded(root, resolveInclude(file, entry.path, hostname)))
          addFile(root, one, hostname, found);
        break;
    }
  }
  if (ENDS_CONTINUED.test(text)) found.isContinued = true;
}

/** The first of a name stays, and the next one ends its line. */
function addAliases(
  known: Aliases,
  aliases: readonly { readonly name: string; readonly members: readonly SudoMember[] }[],
): void {
  for (const { name, members } of aliases) {
    if (known.has(name)) return;
    known.set(name, members);
  }
}

/** Where a narrower `Defaults` (of a host, a user) brings the usual comparison back, that one counts. */
function applyDefaults(text: string, isCaseSensitive: Collected['isCaseSensitive']): void {
  const isForAll = /^[ \t]/.test(text);
  for (const [, not = '', what] of text.matchAll(/(!*)[ \t]*\bcase_insensitive_(user|group)\b/g)) {
    const isOff = not.length % 2 === 1;
    if (isForAll || !isOff) isCaseSensitive[what === 'user' ? 'user' : 'group'] = isOff;
  }
}

/** Relative to the directory of the file that includes it; `%h` is the host's name without its domain. */
function resolveInclude(file: string, named: string, hostname: string): string {
  const expanded = named.replaceAll('%h', () => hostname.split('.')[0] ?? '');
  return path
    .join('/', expanded.startsWith('/') ? expanded : path.join(path.dirname(file), expanded))
    .slice(1);
}

/** sudoers(5): names that end in `~` or have a dot are skipped. */
function listIncluded(root: string, directory: string): string[] {
  const at = path.join(root, directory);
  if (statSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(at, { encoding: 'latin1' })
    .filter((name) => !name.includes('.') && !name.endsWith('~'))
    .filter((name) => statSync(path.join(at, name), { throwIfNoEntry: false })?.isFile() === true)
    .sort()
    .map((name) => path.join(directory, name));
}
