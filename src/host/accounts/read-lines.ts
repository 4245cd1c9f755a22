// Every name and number in the node's own files, however glibc reads the line: none of them may be granted again.
import type { AccountLines } from '../../plan/account-lines.ts';
import type { Texts } from './edit-accounts.ts';
import { readKnownNames } from './known-names.ts';
import { readGroupLines, readPasswdLines, readShadowLines } from './tolerant-lines.ts';

/**
 * Reads subuid, subgid and the spools of cron and at below `root`.
 * @param local passwd, group, shadow and gshadow of there.
 */
export function readAccountLines(root: string, local: Readonly<Texts>): AccountLines {
  const { names, uids, uidRanges, gidRanges } = readKnownNames(root);
  const mention = (name: string, file: string, line: number): void => {
    if (!names.has(name)) names.set(name, `/etc/${file}:${line}`);
  };
  const groupNames = new Map<string, string>();
  const passwd = readPasswdLines(local.passwd);
  const group = readGroupLines(local.group);
  for (const { name, line } of readShadowLines(local.shadow)) mention(name, 'shadow', line);
  const listed: AccountLines['listed'][number][] = [];
  for (const { name, line, members } of readShadowLines(local.gshadow)) {
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
