// Reads the accounts of another program's passwd(5) file, for `import`.
import { readFileSync } from 'node:fs';
import { AgentError } from '../../common/errors.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { toPasswdEntry } from './local-accounts.ts';
import { readLines } from './passwd-format.ts';

/** A file of this size has more users than any organisation. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Every well-formed line of `file`, in its order, without comments, NIS lines and malformed ones.
 * @throws AgentError refused
 */
export function readFoundAccounts(file: string): PasswdEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    throw new AgentError('refused', `cannot read ${file}`, { cause });
  }
  if (text.length > MAX_BYTES) throw new AgentError('refused', `${file} is larger than any passwd file`);
  return [...readLines(text).values()].flatMap((fields) => toPasswdEntry(fields) ?? []);
}
