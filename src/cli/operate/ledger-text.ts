// What `sunk-agent ledger` shows of a comparison and of an import.
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { LedgerComparison, LedgerDifference } from '../../policy/ledger/compare-ledgers.ts';
import type { RestorePlan } from '../../policy/ledger/restore-ledger.ts';
import type { Binding } from '../../policy/model.ts';

const SHOWN = 100;

export function describeComparison({ differences, same, onlyHere, onlyThere }: LedgerComparison): string {
  const lines = [
    ...differences.slice(0, SHOWN).map(describeDifference),
    ...(differences.length > SHOWN ? [`  and ${differences.length - SHOWN} more`] : []),
    `${sayCount(differences.length, 'difference')}, ${same} the same, ${onlyHere.length} only here, ${onlyThere.length} only there`,
  ];
  return print(lines);
}

function describeDifference({ what, here, there }: LedgerDifference): string {
  const value = (one: Binding): string => {
    if (what === 'gid') return `${one.name} has the gid ${one.gid ?? 'none'}`;
    if (what === 'home') return `${one.name} has the home ${one.home ?? 'none'}`;
    return `${one.name} is ${one.id} (${one.scimId})`;
  };
  return `  ! ${here.kind} ${what} differs: here ${value(here)}, there ${value(there)}`;
}

export function describeRestore(
  { bindings, refused, known }: RestorePlan,
  { former, inherited, applied }: { former: number; inherited: number; applied: boolean },
): string {
  const lines = [
    ...bindings
      .slice(0, SHOWN)
      .map(
        ({ kind, name, id, home, scimId }) => `  + ${kind} ${name}: ${id}, ${home ?? 'no home'}  (${scimId})`,
      ),
    ...(bindings.length > SHOWN ? [`  and ${bindings.length - SHOWN} more`] : []),
    ...refused.map(({ kind, name, detail }) => `  ! ${kind} ${name} refused: ${detail}`),
    `${bindings.length} ${applied ? 'bound' : 'to bind'}, ${refused.length} refused, ${known} in the ledger already; ${sayCount(former, 'former id')}, ${sayCount(inherited, 'decision')} about a former publisher`,
    ...(applied || bindings.length + former + inherited === 0 ? [] : ['--apply does it']),
  ];
  return print(lines);
}

function print(lines: readonly string[]): string {
  return lines.map((line) => `${makePrintable(line, 400)}\n`).join('');
}
