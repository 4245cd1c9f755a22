// What waits for a decision of the operator and takes no access from anyone: a takeover, and overrides that match no user.
import { sayCount } from '../../common/text/count-noun.ts';
import type { Refusal } from '../../policy/model.ts';

/** Refusals of a takeover that is not decided yet. */
const TAKEOVER = ['published-unknown', 'published-differs'];
const OVERRIDE = 'override-unmatched';

/** Accounts of another publisher that no import has decided. */
export function describeTakeover(refusals: readonly Refusal[]): string[] {
  const found = refusals.filter(({ code }) => TAKEOVER.includes(code));
  const [first] = found;
  if (first === undefined) return [];
  const subject = sayCount(
    found.length,
    'account of another publisher waits',
    'accounts of another publisher wait',
  );
  return [`${subject} for a decision, without a change until then: ${first.detail}`];
}

/** Overrides that match no user. */
export function describeOverrides(refusals: readonly Refusal[]): string[] {
  const found = refusals.filter(({ code }) => code === OVERRIDE);
  const [first] = found;
  if (first === undefined) return [];
  return [found.length === 1 ? first.detail : `${found.length} overrides match no user: ${first.detail}`];
}
