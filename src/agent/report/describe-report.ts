// A pass in a few lines for people.
import { makePrintable } from '../../common/printable.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import { sayCount } from '../../common/count-noun.ts';

/** What `sunk-agent sync` prints. */
export function describeReport(report: SyncReport): string {
  const { counts, changes, heard } = report;
  const lines = [
    `pass ${report.n} (${heard?.mode ?? 'cache'}): ${sayCount(counts.users, 'user')} and ${sayCount(counts.groups, 'group')}, snapshot ${report.snapshot}`,
    `${sayCount(changes.done, 'change')} made, ${changes.failed} failed, ${changes.held} held`,
    ...report.problems.map((problem) => `failed: ${problem}`),
    ...describeNotInStore(report).map((sentence) => `still in: ${sentence}`),
    ...(heard?.problems ?? []).map(({ detail }) => `store: ${detail}`),
    ...(heard?.warnings ?? []).map(({ detail }) => `warning: ${detail}`),
    ...report.held.map(
      ({ hash, reason, changes: n }) =>
        `held: ${sayCount(n, 'change')}, ${reason}; sunk-agent approve ${hash} lets ${n === 1 ? 'it' : 'them'} pass`,
    ),
    ...report.refusals.map(({ kind, scimId, detail }) => `refused: ${kind} ${scimId}: ${detail}`),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}

/** One sentence about those whom nobody knows, or none. */
export function describeNotInStore({ unknown = null }: Pick<SyncReport, 'unknown'>): string[] {
  if (unknown === null) return [];
  const { accounts, first } = unknown;
  const names = `${first.join(', ')}${accounts > first.length ? ' and more' : ''}`;
  const who = sayCount(accounts, 'account bears our mark', 'accounts bear our mark');
  return [
    `${who}, and neither the ledger nor the store knows ${accounts === 1 ? 'it' : 'them'} (${names}): closed once the store was read whole twice`,
  ];
}
