// A sync in numbers for the metrics: counts by kind, reason and type. No name of a person, nothing a stranger wrote.
import type { Applied } from '../../host/host.ts';
import type { QuarantineRow } from '../../state/state.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';

export interface RecordCounts {
  /** What was applied or tried, by the change's kind. */
  readonly changes: Readonly<Record<string, { readonly done: number; readonly failed: number }>>;
  /** Changes that wait, by the kind of held set. */
  readonly held: Readonly<Record<string, number>>;
  /** Records by the code of each finding; one with two findings counts twice. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** What the policy refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Keys that sshd accepts, by type. */
  readonly keys: Readonly<Record<string, number>>;
  /** Managed accounts that run something now; null where the host was not asked. */
  readonly activeAccounts: number | null;
}

/** Counts; pure. */
export function countRecords(
  { desired, actual, verdict }: SyncPlan,
  applied: readonly Applied[],
  quarantine: readonly QuarantineRow[],
): RecordCounts {
  const changes: Record<string, { done: number; failed: number }> = {};
  for (const { change, ok } of applied) {
    const counted = (changes[change.kind] ??= { done: 0, failed: 0 });
    counted[ok ? 'done' : 'failed'] += 1;
  }
  return {
    changes,
    held: countBy(verdict.held.flatMap(({ kind, changes: waiting }) => waiting.map(() => kind))),
    quarantined: countBy(
      quarantine.flatMap(({ findings }) => [...new Set(findings.map(({ code }) => code))]),
    ),
    refused: countBy(desired.refusals.map(({ code }) => code)),
    keys: countBy(listKeyTypes(desired)),
    activeAccounts: countActive(actual),
  };
}

function* listKeyTypes({ accounts }: SyncPlan['desired']): Generator<string> {
  for (const { credentials } of accounts) for (const { type } of credentials) yield type;
}

function countActive({ accounts, sessions }: SyncPlan['actual']): number | null {
  if (sessions === null) return null;
  let active = 0;
  for (const { entry } of accounts.values()) if (sessions.has(entry.uid)) active += 1;
  return active;
}

function countBy(words: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
