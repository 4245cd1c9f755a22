// The SSH keys of a user as the console shows them: pushed or added here, accepted or refused by the login nodes.
import { createHash } from 'node:crypto';
import { judgeKeys, type KeyReading } from '../keys/judged-keys.ts';
import type { Entry } from '../protocol/resources/collection.ts';
import { pushedKeysOf } from './people.ts';

export interface UserKey {
  readonly reading: KeyReading;
  readonly comment: string;
  /** The line that was added here; null: pushed. */
  readonly added: string | null;
}

/** To judge a key takes a quarter of a millisecond, and an entry never changes in place. */
const known = new WeakMap<Entry, readonly UserKey[]>();

export function keysOf(user: Entry): readonly UserKey[] {
  const before = known.get(user);
  if (before !== undefined) return before;
  const keys = [
    ...judgeKeys(pushedKeysOf(user)).map((key) => ({ ...key, added: null })),
    ...user.consoleKeys.flatMap((line) => judgeKeys([line]).map((key) => ({ ...key, added: line }))),
  ];
  known.set(user, keys);
  return keys;
}

/** Names a line that was added, in a form and in an address. */
export function nameLine(line: string): string {
  return createHash('sha256').update(line).digest('base64url');
}
