// A sync in a few lines.
import { makePrintable } from '../../common/text/printable.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import { describeStranded } from './describe-stranded.ts';
import { sayCount } from '../../common/text/count-noun.ts';

/** What `sunk-agent sync` prints. */
export function describeReport(report: SyncReport): string {
  const { counts, changes, fetched } = report;
  const lines = [
    `sync ${report.n} (${fetched?.mode ?? 'state'}): ${sayCount(counts.users, 'user')} and ${sayCount(counts.groups, 'group')}, snapshot ${report.snapshot}`,
    `${sayCount(changes.done, 'change')} made, ${changes.failed} failed, ${changes.held} held`,
    ...report.problems.map((problem) => `failed: ${problem}`),
    ...describeNotInStore(report).map((sentence) => `not managed: ${sentence}`),
    ...describeStranded(report).map((sentence) => `stranded: ${sentence}`),
    ...(fetched?.problems ?? []).map(({ detail }) => `store: ${detail}`),
    ...(fetched?.warnings ?? []).map(({ detail }) => `warning: ${detail}`),
    ...report.held.map(
      ({ hash, reason, changes: n }) =>
        `held: ${sayCount(n, 'change')}, ${reason}; to approve: sunk-agent approve ${hash}`,
    ),
    ...report.refusals.map(
      ({ subject, kind, scimId, detail }) => `refused: ${subject ?? `${kind} ${scimId}`}: ${detail}`,
    ),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}

/** One sentence about accounts of the managed group that neither ledger nor store knows, or none. */
export function describeNotInStore({ unknown = null }: Pick<SyncReport, 'unknown'>): string[] {
  if (unknown === null) return [];
  const { accounts, first, withKeys = 0 } = unknown;
  const names = `${first.join(', ')}${accounts > first.length ? ' and more' : ''}`;
  const subject = sayCount(accounts, 'account is', 'accounts are');
  const served = sayCount(withKeys, 'key file of these stays', 'key files of these stay');
  const keys = withKeys === 0 ? '' : `; ${served} until two complete reads of the store confirm it`;
  return [
    `${subject} in the managed group but in neither the ledger nor the user store (${names}): not managed; remove ${accounts === 1 ? 'it' : 'them'} from the group${keys}`,
  ];
}
