// What waits with a person whose loss or return is held.
import { type Change, describeKind } from '../change.ts';
import type { ClassifiedPlan } from './guard-model.ts';
import { nameUnit } from './held-hash.ts';

/**
 * All that would happen to these people, but for a renewal of keys and a home.
 * @param units see `nameUnit`.
 */
export function withDependants(units: ReadonlySet<string>, { moving, exempt }: ClassifiedPlan): Change[] {
  return moving.filter((change) => {
    if (!units.has(nameUnit(change)) || exempt.has(change)) return false;
    const kind = describeKind(change);
    return kind.waitsWithPerson && !kind.renews(change);
  });
}
