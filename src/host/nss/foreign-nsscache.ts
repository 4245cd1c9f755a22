// Accounts that another program publishes for libnss-cache on this node, such as nsscache before sunk-agent replaces it.
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { AccountsOnHost, ForeignPublication } from '../../plan/host-state.ts';
import type { Location } from '../../policy/in-use.ts';
import { readAccounts } from '../accounts/local-accounts.ts';
import { readGroupLines, readPasswdLines } from '../accounts/tolerant-lines.ts';
import { listLines } from './inherited-lines.ts';

/** More links than this are a loop. */
const MAX_LINKS = 10;

/**
 * The content of /etc/passwd.cache, group.cache and sshkey.cache, if nsswitch.conf(5) names `cache` and another program writes it.
 * @param own the directory in which sunk-agent publishes, or reads what is published.
 * @returns null: no such publication exists.
 */
export function readForeignNsscache(root: string, own: string): ForeignPublication | null {
  if (!looksUpNsscache(root)) return null;
  const passwd = followLinks(root, '/etc/passwd.cache');
  if (passwd === null || passwd.startsWith(`${own}/`)) return null;
  const read = (name: string): string => {
    const file = followLinks(root, `/etc/${name}.cache`);
    return file === null ? '' : readFileSync(file, 'latin1');
  };
  const texts = { passwd: read('passwd'), group: read('group'), sshkey: read('sshkey') };
  const found = readAccounts({ ...texts, shadow: '' });
  return { ...found, lines: listLines(texts), odd: readOddLines(texts, found) };
}

/** Names and ids on the lines that no map by name holds: libnss-cache answers with them when it is asked for their id. */
function readOddLines(
  texts: Readonly<Record<'passwd' | 'group', string>>,
  { accounts, groups }: AccountsOnHost,
): ForeignPublication['odd'] {
  const names = new Map<string, Location>();
  const uids = new Map<number, Location>();
  for (const { name, id, line } of readPasswdLines(texts.passwd)) {
    if (accounts.get(name)?.entry.uid === id) continue;
    const location = `/etc/passwd.cache:${line}`;
    if (!accounts.has(name)) names.set(name, location);
    if (id !== null) uids.set(id, location);
  }
  const groupNames = new Map<string, Location>();
  const gids = new Map<number, Location>();
  for (const { name, id, line } of readGroupLines(texts.group)) {
    if (groups.get(name)?.gid === id) continue;
    const location = `/etc/group.cache:${line}`;
    if (!groups.has(name)) groupNames.set(name, location);
    if (id !== null) gids.set(id, location);
  }
  return { names, uids, groups: groupNames, gids };
}

function looksUpNsscache(root: string): boolean {
  const file = path.join(root, 'etc/nsswitch.conf');
  return existsSync(file) && /^\s*passwd:.*\bcache\b/m.test(readFileSync(file, 'utf8'));
}

/** The path behind all links, which are read as below `root`; null: a link leads nowhere. */
function followLinks(root: string, file: string): string | null {
  let current = path.join(root, file);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const found = lstatSync(current, { throwIfNoEntry: false });
    if (found === undefined) return null;
    if (!found.isSymbolicLink()) return current;
    const target = readlinkSync(current);
    current = path.isAbsolute(target) ? path.join(root, target) : path.join(path.dirname(current), target);
  }
  return null;
}
