// The accounts in a passwd(5) file that is not ours, for taking them over.
import { readFileSync } from 'node:fs';
import { AgentError } from '../../common/errors.ts';
import type { PasswdEntry } from '../../policy/posix.ts';
import { toPasswdEntry } from './local-accounts.ts';
import { readLines } from './passwd-format.ts';

/** A cache file of this size has more people than any organisation. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Every well-formed line of `file`, in its order; comments, NIS lines and malformed ones are passed over.
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
