// Check `power`: sources of privileged names that cannot be resolved, so that they may name someone of the store.
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

/** Number of sources that are named. */
const NAMED = 3;

export function checkPower({ uncheckedPower }: Facts): Finding[] {
  if (uncheckedPower.length === 0) return [];
  const named = uncheckedPower.slice(0, NAMED).map(({ what, location }) => `${what} (${location})`);
  const rest = uncheckedPower.length - named.length;
  return [
    found(
      'power-unchecked',
      'unknown',
      `sunk-agent cannot resolve who gets power from ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}: a user of the store with a name in it has that power`,
      'compare its members with the users of the store; for one user: sudo -l -U NAME',
    ),
  ];
}
