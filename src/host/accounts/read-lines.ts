// Every name and number that the node's own files have, whatever glibc makes of the line: what may not be granted anew.
import type { AccountLines } from '../../plan/account-lines.ts';
import { readLatin1 } from '../fs/read-text.ts';
import { readKnownNames } from './known-names.ts';
import { readGroupLines, readPasswdLines, readShadowLines } from './tolerant-lines.ts';

/** Reads passwd, group, shadow, gshadow, subuid, subgid and the spools of cron and at below `root`. */
export function readAccountLines(root: string): AccountLines {
  const { names, uids, uidRanges, gidRanges } = readKnownNames(root);
  const mention = (name: string, file: string, line: number): void => {
    if (!names.has(name)) names.set(name, `/etc/${file}:${line}`);
  };
  const groupNames = new Map<string, string>();
  const passwd = readPasswdLines(readLatin1(root, 'etc/passwd'));
  const group = readGroupLines(readLatin1(root, 'etc/group'));
  for (const { name, line } of readShadowLines(readLatin1(root, 'etc/shadow'))) mention(name, 'shadow', line);
  const listed: AccountLines['listed'][number][] = [];
  for (const { name, line, members } of readShadowLines(readLatin1(root, 'etc/gshadow'))) {
    if (!groupNames.has(name)) groupNames.set(name, `/etc/gshadow:${line}`);
    if (members.length > 0) listed.push({ members, location: `/etc/gshadow:${line}` });
  }
  for (const { line, members } of group)
    if (members.length > 0) listed.push({ members, location: `/etc/group:${line}` });
  return {
    passwd: passwd.map(({ line, ...rest }) => ({ ...rest, location: `/etc/passwd:${line}` })),
    group: group.map(({ line, ...rest }) => ({ ...rest, location: `/etc/group:${line}` })),
    listed,
    names,
    groupNames,
    uids,
    uidRanges,
    gidRanges,
  };
}
