// Users and groups that were created again at the store, and the command that gives each back what it had.
import type { SyncReport } from '../reconcile/sync-report.ts';

/** One sentence each for those that the report names, and one for how many there are. */
export function describeStranded({ stranded = null }: Pick<SyncReport, 'stranded'>): string[] {
  if (stranded === null) return [];
  const { count, first } = stranded;
  const named = first.map(
    ({ kind, name, from, to }) =>
      `the ${kind} ${name} was created again at the store with another SCIM id, and is refused here until an operator decides: ${sayCommand({ from, to })}`,
  );
  return count > first.length
    ? [...named, `${count} users and groups in all: sunk-agent rebind --by external-id`]
    : named;
}

/** The command to run if it is the same person or group. */
export function sayCommand({ from, to }: { readonly from: string; readonly to: string }): string {
  return `sunk-agent rebind ${from} ${to}`;
}
