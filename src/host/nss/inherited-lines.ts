// The lines of another publisher's passwd.cache, group.cache and sshkey.cache, as they stand.
import type { InheritedLine } from '../../policy/inherited/inherited.ts';
import { toPasswdEntry } from '../accounts/local-accounts.ts';
import { readLines, toId } from '../accounts/passwd-format.ts';

/** @param texts in latin1; malformed lines are left out, and of several lines of a name the first counts. */
export function listLines(texts: Readonly<Record<'passwd' | 'group' | 'sshkey', string>>): InheritedLine[] {
  const keys = readLines(texts.sshkey);
  const accounts = [...readLines(texts.passwd)].flatMap(([name, fields]): InheritedLine[] => {
    const id = toPasswdEntry(fields)?.uid;
    if (id === undefined) return [];
    return [{ kind: 'account', name, id, line: fields.join(':'), keys: keys.get(name)?.join(':') ?? null }];
  });
  const groups = [...readLines(texts.group)].flatMap(([name, fields]): InheritedLine[] => {
    const id = toId(fields[2]);
    return id === null || fields.length !== 4
      ? []
      : [{ kind: 'group', name, id, line: fields.join(':'), keys: null }];
  });
  return [...accounts, ...groups];
}
