// The plan as text for people.
import type { Change } from './change.ts';
import type { GuardVerdict } from './guard.ts';

export function printPlan(changes: readonly Change[], verdict: GuardVerdict, _isColoured: boolean): string {
  if (changes.length === 0) return 'Nothing to change: the node agrees with the store.\n';
  const lines = changes.map((change) => `  ${change.kind} ${change.name}: ${change.because}`);
  return `${lines.join('\n')}\n${verdict.go.length} changes, ${verdict.held.length} held sets\n`;
}
