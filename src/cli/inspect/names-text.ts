// `sunk-agent plan --names` as text: one line a person, refusals with their fix.
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { NameFact } from '../../policy/names/explain-names.ts';

/** Refusals first, since they need action. */
export function describeNames(facts: readonly NameFact[]): string {
  const refused = facts.filter(({ status }) => status === 'refused');
  const named = facts.filter(({ status }) => status !== 'refused');
  const width = Math.max(0, ...named.map(({ name }) => (name ?? '').length));
  const lines = [
    ...refused.flatMap(({ userName, scimId, why, fix }) => [
      `  ! ${userName} (${scimId}) gets no account: ${why}`,
      ...(fix === null ? [] : [`    Fix: ${fix}`]),
    ]),
    ...named.map(({ status, name, uid, userName, why }) => {
      const sign = { bound: '=', granted: '+', 'no-access': '-', refused: '!' }[status];
      return `  ${sign} ${(name ?? '').padEnd(width)}  uid ${uid ?? 'none'}  ${userName}: ${why}`;
    }),
    summarise(facts),
  ];
  return lines.map((line) => `${makePrintable(line, 600)}\n`).join('');
}

function summarise(facts: readonly NameFact[]): string {
  const count = (status: NameFact['status']): number => facts.filter((fact) => fact.status === status).length;
  return `${sayCount(facts.length, 'user')}: ${count('bound')} in the ledger, ${count('granted')} to be granted, ${count('no-access')} without access, ${count('refused')} refused`;
}
