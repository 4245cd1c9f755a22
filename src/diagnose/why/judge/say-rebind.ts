// The fix where a user or group was created again: the command, to be run as printed.
import type { Succession } from '../../../policy/ledger/succession.ts';

/** Which of the two it is, no one but the operator can tell: a name may have been given to another person. */
export function sayRebind({ kind, from, to }: Succession): string {
  return `if it is the same ${kind === 'account' ? 'person' : 'group'}: sunk-agent rebind ${from} ${to} --apply`;
}
