// The plan as text: grouped, counted, with the reason on each line and the guard's verdict.
import { type Change, describeKind } from './change.ts';
import type { Sign } from './changes/descriptor.ts';
import type { GuardVerdict, HeldSet } from './guard/guard-model.ts';
import { makePrintable } from '../common/text/printable.ts';

const COLOURS: Readonly<Record<Sign | 'held' | 'bold', string>> = {
  '+': '32',
  '-': '31',
  '~': '33',
  held: '35',
  bold: '1',
};

/** How many names the line of renewals shows. */
const SHOWN_RENEWALS = 3;

type Paint = (text: string, colour: keyof typeof COLOURS) => string;

/**
 * The whole plan, ending in a newline: removals, additions and changes, what is held and why, and the counts. Text from
 * the store is escaped.
 */
export function printPlan(changes: readonly Change[], verdict: GuardVerdict, isColoured: boolean): string {
  const paint: Paint = (text, colour) => (isColoured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
  if (changes.length === 0) return 'Nothing to change: this node agrees with the store.\n';
  const sections: string[][] = [];
  const removals = verdict.go.filter((change) => signOf(change) === '-');
  const others = verdict.go.filter((change) => signOf(change) !== '-' && !isRenewal(change));
  const renewals = verdict.go.filter(isRenewal);
  if (removals.length > 0) {
    sections.push([paint('To remove:', 'bold'), ...removals.map((change) => printChange(change, paint))]);
  }
  if (others.length > 0) {
    sections.push([
      paint('To add or change:', 'bold'),
      ...others.map((change) => printChange(change, paint)),
    ]);
  }
  if (renewals.length > 0) sections.push([printRenewals(renewals, paint)]);
  for (const set of verdict.held) sections.push(printHeld(set, paint));
  sections.push([printCounts(verdict)]);
  return sections.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function isRenewal(change: Change): boolean {
  return describeKind(change).renews(change);
}

function signOf(change: Change): Sign {
  return describeKind(change).sign(change);
}

function printChange(change: Change, paint: Paint): string {
  const kind = describeKind(change);
  const sign = signOf(change);
  const subject = kind.phrase.replace('%', () => makePrintable(change.name));
  const because = makePrintable(change.because);
  const line = `  ${paint(sign, sign)} ${subject}${makePrintable(kind.details(change))}  (${because})`;
  return [line, ...listFingerprints(change)].join('\n');
}

function listFingerprints(change: Change): string[] {
  if (change.kind !== 'keys-write') return [];
  return [
    ...change.lost.map((key) => `      - ${makePrintable(key)}`),
    ...change.gained.map((key) => `      + ${makePrintable(key)}`),
  ];
}

function printRenewals(renewals: readonly Change[], paint: Paint): string {
  const names = renewals.slice(0, SHOWN_RENEWALS).map(({ name }) => makePrintable(name));
  const more = renewals.length > SHOWN_RENEWALS ? ` and ${renewals.length - SHOWN_RENEWALS} more` : '';
  return `${paint('To renew:', 'bold')} keys of ${names.join(', ')}${more}`;
}

function printHeld({ hash, kind, reason, changes, actsAt }: HeldSet, paint: Paint): string[] {
  const release =
    kind === 'frozen'
      ? 'Waits for: sunk-agent thaw'
      : `To approve: sunk-agent approve ${hash}${actsAt === null ? '' : `; applied without approval from ${toTime(actsAt)}`}`;
  return [
    `${paint(`Held (${kind}):`, 'held')} ${makePrintable(reason)}`,
    ...changes.map((change) => printChange(change, paint)),
    `  ${release}`,
  ];
}

const toTime = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

function printCounts({ go, held }: GuardVerdict): string {
  const count = (sign: Sign): number =>
    go.filter((change) => !isRenewal(change) && signOf(change) === sign).length;
  const heldCount = held.reduce((sum, set) => sum + set.changes.length, 0);
  const renewed = go.filter(isRenewal).length;
  const parts = [
    `${count('+')} to add`,
    `${count('~')} to change`,
    `${count('-')} to remove`,
    ...(renewed === 0 ? [] : [`${renewed} to renew`]),
    `${heldCount} held`,
  ];
  return `Plan: ${parts.join(', ')}.`;
}
