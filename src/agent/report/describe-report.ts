// A pass in a few lines for people.
import { makePrintable } from '../../plan/printable.ts';
import type { PassReport } from './report.ts';
import { sayCount } from '../../policy/say-count.ts';

/** What `sunk-agent sync` prints. */
export function describeReport(report: PassReport): string {
  const { counts, changes, heard } = report;
  const lines = [
    `pass ${report.n} (${heard?.mode ?? 'cache'}): ${sayCount(counts.users, 'user')} and ${sayCount(counts.groups, 'group')}, snapshot ${report.snapshot}`,
    `${sayCount(changes.done, 'change')} made, ${changes.failed} failed, ${changes.held} held`,
    ...report.problems.map((problem) => `failed: ${problem}`),
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
