// Accounts that another program publishes for libnss-cache on this node, such as nsscache before sunk-agent replaces it.
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { AccountsOnHost, ForeignPublication } from '../../plan/host-state.ts';
import type { Location } from '../../policy/in-use.ts';
import { readAccounts } from '../accounts/local-accounts.ts';
import { readGroupLines, readPasswdLines } from '../accounts/tolerant-lines.ts';
import { listLines } from './inherited-lines.ts';
import { listNssServices } from './nsswitch.ts';

/** More links than this are a loop. */
const MAX_LINKS = 10;

/**
 * The content of /etc/passwd.cache, group.cache and sshkey.cache, as far as nsswitch.conf(5) names `cache` and another
 * program writes them.
 * @param own the directory in which sunk-agent publishes, or reads what is published.
 * @returns null: no such publication exists.
 */
export function readForeignNsscache(root: string, own: string): ForeignPublication | null {
  const services = listNssServices(root, ['passwd']);
  const find = (name: string): string | null => {
    const file = followLinks(root, `/etc/${name}.cache`);
    return file?.startsWith(`${own}/`) === true ? null : file;
  };
  const files = {
    passwd: services.includes('cache') ? find('passwd') : null,
    group: listNssServices(root, ['group']).includes('cache') ? find('group') : null,
  };
  if (files.passwd === null && files.group === null) return null;
  const read = (file: string | null): string => (file === null ? '' : readFileSync(file, 'latin1'));
  const texts = { passwd: read(files.passwd), group: read(files.group), sshkey: read(find('sshkey')) };
  const found = readAccounts({ ...texts, shadow: '' });
  const first = services.find((service) => ['files', 'compat', 'cache'].includes(service));
  return {
    ...found,
    lines: listLines(texts),
    isAfterFiles: first !== 'cache',
    ...readOddLines(texts, found),
  };
}

/** Names and ids on the lines that no map by name holds: libnss-cache answers with them when it is asked for their id. */
function readOddLines(
  texts: Readonly<Record<'passwd' | 'group', string>>,
  { accounts, groups }: AccountsOnHost,
): Pick<ForeignPublication, 'odd' | 'primaryGids' | 'listed'> {
  const names = new Map<string, Location>();
  const uids = new Map<number, Location>();
  const primaryGids = new Map<number, Location>();
  for (const { name, id, gid, line } of readPasswdLines(texts.passwd)) {
    const location = `/etc/passwd.cache:${line}`;
    if (gid !== null) primaryGids.set(gid, location);
    if (accounts.get(name)?.entry.uid === id) continue;
    if (!accounts.has(name)) names.set(name, location);
    if (id !== null) uids.set(id, location);
  }
  const groupNames = new Map<string, Location>();
  const gids = new Map<number, Location>();
  const listed: ForeignPublication['listed'][number][] = [];
  for (const { name, id, members, line } of readGroupLines(texts.group)) {
    const location = `/etc/group.cache:${line}`;
    if (members.length > 0) listed.push({ group: name, gid: id, members, location });
    if (groups.get(name)?.gid === id) continue;
    if (!groups.has(name)) groupNames.set(name, location);
    if (id !== null) gids.set(id, location);
  }
  return { odd: { names, uids, groups: groupNames, gids }, primaryGids, listed };
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
