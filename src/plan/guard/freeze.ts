// What a frozen node does not do: grants, and implied losses.
import { type Change, describeKind } from '../change.ts';
import { findLatestEnd } from '../plan-keys.ts';
import { type EffectContext, findDisabledReason, readEffectContext } from './effect.ts';
import { renderKeyFile } from '../../policy/keys/key-file.ts';
import type { DesiredState } from '../../policy/model.ts';

/**
 * The changes that wait until the thaw. Explicit revocations go on (a block, active: false, access.users, keys that
 * the record no longer lists), and so does a mere renewal, or a long freeze would lock every person out.
 */
export function freezePlan(
  changes: readonly Change[],
  accountOf: EffectContext,
  exempt: ReadonlySet<Change>,
): Set<Change> {
  return new Set(
    changes.filter((change) => {
      // A block beats every hold, also where another key comes in place of the blocked one.
      if (exempt.has(change)) return false;
      const reason = findDisabledReason(change, accountOf);
      if (
        reason === 'blocked' ||
        reason === 'inactive' ||
        reason === 'not-listed-here' ||
        reason === 'grant-ended'
      )
        return false;
      return describeKind(change).waitsInFreeze(change, reason);
    }),
  );
}

/**
 * Exchanges of keys as what goes and what comes, for the first may not wait. Where no other key stays the exchange is
 * left whole, and waits: a compromised store must not lock out the people of a node that is frozen for that very reason.
 */
export function splitExchanges(
  changes: readonly Change[],
  desired: Pick<DesiredState, 'accounts' | 'expiry'>,
): Change[] {
  const accountOf = readEffectContext(desired);
  return changes.flatMap((change) => {
    if (change.kind !== 'keys-write' || change.gained.length === 0 || change.lost.length === 0)
      return [change];
    const gained = new Set(change.gained);
    const known = accountOf(change.scimId)?.credentials.filter(({ fingerprint }) => !gained.has(fingerprint));
    if (known === undefined || known.length === 0) return [change];
    const text = renderKeyFile(known, desired.expiry);
    const because = `${change.because}; those that come wait for the thaw`;
    return [
      { ...change, text, until: findLatestEnd(known), gained: [], because },
      { ...change, lost: [] },
    ];
  });
}
