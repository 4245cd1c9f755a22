// What a frozen node does not do: grants, and losses that nobody spoke out.
import type { Change } from '../change.ts';
import { findDisabledReason } from './effect.ts';
import { dropKeys, readFingerprints } from '../plan-keys.ts';
import type { GuardContext } from './guard-limits.ts';

/**
 * The changes that wait until the thaw. Spoken revocations go on (a block, active: false, access.users, keys that
 * the record no longer lists), and so does a mere renewal, or a long freeze would lock everybody out.
 */
export function freezePlan(changes: readonly Change[], { context, exempt }: GuardContext): Set<Change> {
  return new Set(
    changes.filter((change) => {
      // A block beats every hold, also where another key comes in place of the blocked one.
      if (exempt.has(change)) return false;
      const reason = findDisabledReason(change, context);
      if (reason === 'blocked' || reason === 'inactive' || reason === 'not-listed-here') return false;
      if (change.kind === 'keys-write') return change.gained.length > 0;
      if (change.kind === 'keys-remove') return reason !== null;
      return change.kind !== 'sudoers-remove';
    }),
  );
}

/**
 * Exchanges of keys as what goes and what comes, for the first may not wait. Where no other key stays the exchange is
 * left whole, and waits: a store in foreign hands must not lock out everybody whose node is frozen for that very reason.
 */
export function splitExchanges(changes: readonly Change[]): Change[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'keys-write' || change.gained.length === 0 || change.lost.length === 0)
      return [change];
    const text = dropKeys(change.text, new Set(change.gained));
    if (readFingerprints(text).length === 0) return [change];
    const because = `${change.because}; those that come wait for the thaw`;
    return [
      { ...change, text, gained: [], because },
      { ...change, lost: [] },
    ];
  });
}
