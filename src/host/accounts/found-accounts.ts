// Reads the accounts of another program's passwd(5) file, and the groups and keys beside it, for `import`.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import type { InheritedLine } from '../../policy/inherited/inherited.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { listLines } from '../nss/inherited-lines.ts';
import { toPasswdEntry } from './local-accounts.ts';
import { readLines } from './passwd-format.ts';

/** A file of this size has more users than any organisation. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Every well-formed line of `file`, in its order, without comments, NIS lines and malformed ones.
 * @throws AgentError refused
 */
export function readFoundAccounts(file: string): PasswdEntry[] {
  return [...readLines(readText(file)).values()].flatMap((fields) => toPasswdEntry(fields) ?? []);
}

/**
 * The lines of `file` as they stand, and those of the `group` and `sshkey` files beside it, if it is called like
 * passwd.cache.
 * @throws AgentError refused
 */
export function readFoundLines(file: string): InheritedLine[] {
  const read = (map: 'group' | 'sshkey'): string => {
    const other = findBeside(file, map);
    return other !== file && existsSync(other) ? readText(other) : '';
  };
  return listLines({ passwd: readText(file), group: read('group'), sshkey: read('sshkey') });
}

/** The files that belong beside `file` and are not there. */
export function listAbsentBeside(
  file: string,
): { readonly map: 'group' | 'sshkey'; readonly file: string }[] {
  return (['group', 'sshkey'] as const).flatMap((map) => {
    const other = findBeside(file, map);
    return other !== file && existsSync(other)
      ? []
      : [{ map, file: other === file ? `${map}.cache` : other }];
  });
}

function findBeside(file: string, map: 'group' | 'sshkey'): string {
  return path.join(path.dirname(file), path.basename(file).replace('passwd', map));
}

function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    throw new AgentError('refused', `cannot read ${file}`, { cause });
  }
  if (text.length > MAX_BYTES) throw new AgentError('refused', `${file} is larger than any passwd file`);
  return text;
}
