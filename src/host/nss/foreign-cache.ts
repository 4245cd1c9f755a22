// Accounts that another program publishes for libnss-cache on this node: nsscache, before we take its place.
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { AccountsOnHost } from '../accounts/account-backend.ts';
import { readAccounts } from '../accounts/local-accounts.ts';

/** More links than this are a circle. */
const MAX_LINKS = 10;

/**
 * What stands in /etc/passwd.cache and its like, if nsswitch.conf(5) has passwd looked up there and it is not our own.
 * @param own the directory in which we publish, or read what is published.
 * @returns null if there is nothing of that kind.
 */
export function readForeignCache(root: string, own: string): AccountsOnHost | null {
  if (!looksUpCache(root)) return null;
  const passwd = followLinks(root, '/etc/passwd.cache');
  if (passwd === null || passwd.startsWith(`${own}/`)) return null;
  const read = (name: string): string => {
    const file = followLinks(root, `/etc/${name}.cache`);
    return file === null ? '' : readFileSync(file, 'latin1');
  };
  return readAccounts({ passwd: read('passwd'), group: read('group'), shadow: '' });
}

function looksUpCache(root: string): boolean {
  const file = path.join(root, 'etc/nsswitch.conf');
  return existsSync(file) && /^\s*passwd:.*\bcache\b/m.test(readFileSync(file, 'utf8'));
}

/** Where a file really is; links are read as below `root`. null: nowhere. */
function followLinks(root: string, file: string): string | null {
  let place = path.join(root, file);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (found === undefined) return null;
    if (!found.isSymbolicLink()) return place;
    const target = readlinkSync(place);
    place = path.isAbsolute(target) ? path.join(root, target) : path.join(path.dirname(place), target);
  }
  return null;
}
