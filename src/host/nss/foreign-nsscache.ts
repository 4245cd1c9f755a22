// Accounts that another program publishes for libnss-cache on this node, such as nsscache before sunk-agent replaces it.
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { ForeignPublication } from '../../plan/host-state.ts';
import { readAccounts } from '../accounts/local-accounts.ts';
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
  return { ...readAccounts({ ...texts, shadow: '' }), lines: listLines(texts) };
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
