// Names with privileges in the node's own sudoers, sshd_config and access.conf, and in all that they include.
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

export interface PrivilegeFile {
  /** Below the root, without a leading slash. */
  readonly file: string;
  readonly kind: 'sudoers' | 'sshd' | 'access';
  /** Continued lines are joined. */
  readonly lines: readonly string[];
}

const STARTS = [
  ['etc/sudoers', 'sudoers'],
  ['etc/sudoers.d', 'sudoers'],
  ['etc/ssh/sshd_config', 'sshd'],
  ['etc/ssh/sshd_config.d', 'sshd'],
  ['etc/security/access.conf', 'access'],
  ['etc/security/access.d', 'access'],
] as const;

const MANAGED_FILES = new Set(['etc/sudoers.d/sunk-agent', 'etc/ssh/sshd_config.d/10-sunk-agent.conf']);

/** More than any node has; ends a file that includes itself. */
const MAX_FILES = 1000;

/**
 * Every such file once, without those that sunk-agent writes. The usual directories are read even where no file
 * includes them: to read too much refuses one name too many, to read too little gives privileges away.
 */
export function readPrivilegeFiles(root: string): PrivilegeFile[] {
  const found = new Map<string, PrivilegeFile>();
  const waiting: { file: string; kind: PrivilegeFile['kind'] }[] = STARTS.flatMap(([start, kind]) =>
    listFiles(root, start).map((file) => ({ file, kind })),
  );
  for (let next = waiting.shift(); next !== undefined && found.size < MAX_FILES; next = waiting.shift()) {
    const { file, kind } = next;
    if (MANAGED_FILES.has(file) || found.has(file)) continue;
    const lines = readFileSync(path.join(root, file), 'latin1').replace(/\\\n/g, ' ').split('\n');
    found.set(file, { file, kind, lines });
    for (const line of lines) {
      for (const other of findIncludes(root, file, kind, line)) waiting.push({ file: other, kind });
    }
  }
  return [...found.values()];
}

/** sudoers(5): `@include`, `@includedir` and their old forms with `#`; sshd_config(5): `Include`, with patterns. */
function findIncludes(root: string, file: string, kind: PrivilegeFile['kind'], line: string): string[] {
  if (kind === 'sudoers') {
    const [, directive, rest = ''] = /^\s*[@#](include(?:dir)?)\s+(\S.*)$/.exec(line) ?? [];
    if (directive === undefined) return [];
    const named = unquote(rest).replaceAll('%h', hostname().split('.')[0] ?? '');
    return listFiles(root, resolveBelow(path.dirname(file), named), directive === 'include');
  }
  const [, patterns = ''] = kind === 'sshd' ? (/^\s*include[\s=]+(\S.*)$/i.exec(line) ?? []) : [];
  return (
    patterns.match(/"[^"]*"|\S+/g)?.flatMap((pattern) => {
      const below = resolveBelow('etc/ssh', unquote(pattern));
      // Not a pattern of names: sshd expands this one as glob(7), over files and with `[...]`.
      return globSync(below, { cwd: root }).flatMap((match) => listFiles(root, match));
    }) ?? []
  );
}

function unquote(text: string): string {
  const trimmed = text.trim();
  const quoted = /^"([^"]*)"/.exec(trimmed)?.[1];
  return quoted ?? trimmed.replace(/\\(.)/g, '$1');
}

const resolveBelow = (directory: string, named: string): string =>
  path.join('/', named.startsWith('/') ? named : path.join(directory, named)).slice(1);

/** A file itself, or the plain files of a directory. */
function listFiles(root: string, file: string, isFile = false): string[] {
  const found = statSync(path.join(root, file), { throwIfNoEntry: false });
  if (found?.isFile() === true) return [file];
  if (found?.isDirectory() !== true || isFile) return [];
  return readdirSync(path.join(root, file))
    .map((name) => path.join(file, name))
    .filter((name) => statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile() === true);
}

export interface PrivilegedNames {
  readonly names: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** Of `#uid` and `%#gid` in sudoers(5). */
  readonly uids: ReadonlySet<number>;
  readonly gids: ReadonlySet<number>;
}

/** Every word that could be a name: to refuse too many names is safer than too few. */
export function readPrivilegedNames(root: string): PrivilegedNames {
  const [names, groups] = [new Set<string>(), new Set<string>()];
  const [uids, gids] = [new Set<number>(), new Set<number>()];
  for (const { kind, lines } of readPrivilegeFiles(root)) {
    for (const line of lines) {
      if (kind === 'sudoers') {
        for (const [, percent, id] of line.matchAll(/(%?)#(\d+)/g))
          (percent === '%' ? gids : uids).add(Number(id));
      }
      if (/^\s*#/.test(line) && !(kind === 'sudoers' && /^\s*#\d/.test(line))) continue;
      // In sshd_config only these lines have names of users; in the other files every line may.
      if (kind === 'sshd' && !/^\s*(?:AllowUsers|DenyUsers|AllowGroups|DenyGroups|Match)\b/i.test(line))
        continue;
      for (const word of line.match(/%?[a-z_][a-z0-9_-]{0,31}(?![a-z0-9_./-])/g) ?? []) {
        if (word.startsWith('%')) groups.add(word.slice(1));
        else {
          names.add(word);
          groups.add(word);
        }
      }
    }
  }
  return { names, groups, uids, gids };
}
