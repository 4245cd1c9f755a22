// Check `power`: what gives power on this node by name, and cannot be resolved, so that it may name someone of the store?
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
      `what is given power by ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''} is not known: a user of the store with a name in it has that power`,
      'compare its members with the users of the store; for one user: sudo -l -U NAME',
    ),
  ];
}
