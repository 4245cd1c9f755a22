// A loss of access that the guard holds.
import { DISABLED_DAY } from '../../../plan/actual.ts';
import type { PersonFacts } from '../facts.ts';
import { warning, type Verdict } from '../verdict.ts';

/** A loss that the guard holds denies no login yet, as long as the account is enabled. */
export function softenHeldLoss(reason: Verdict, { held, actual }: PersonFacts): Verdict {
  const set = held.find(({ kind }) => kind !== 'frozen');
  if (set === undefined || actual === null || actual.expiryDay === DISABLED_DAY) return reason;
  return warning(
    reason.code,
    `${reason.detail}; the guard holds the loss, so the account stays enabled`,
    reason.owner ?? 'operator',
    `${reason.howToFix ?? ''}; sunk-agent plan shows what the guard holds. If the loss is intended, apply it at once: sunk-agent approve ${set.hash}`,
  );
}
