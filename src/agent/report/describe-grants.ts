// Grants in force, as status and plan show them.
import { sayTime } from '../../common/text/relative-time.ts';
import type { GrantSummary } from '../reconcile/sync-report.ts';

/** One line each. */
export function describeGrants(grants: readonly GrantSummary[]): string[] {
  return grants.map(
    ({ name, group, until, by, reason }) =>
      `${name} in ${group} until ${sayTime(until)}, by ${by}: ${reason}`,
  );
}
