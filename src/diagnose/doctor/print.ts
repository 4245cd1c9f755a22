// The findings for people: level, code and problem, and below it the fix.
import { makePrintable } from '../../common/text/printable.ts';
import type { Finding, Level } from './finding.ts';

const SIGNS: Readonly<Record<Level, string>> = {
  error: 'ERROR',
  security: 'SECURITY',
  warning: 'WARNING',
  unknown: '?',
};
const COLOURS: Readonly<Record<Level, string>> = { error: '31', security: '31', warning: '33', unknown: '2' };

export function printFindings(findings: readonly Finding[], isColoured: boolean): string {
  if (findings.length === 0)
    return 'No problems found. The store answers, and sshd serves the keys as configured. No login path bypasses sunk-agent.\n';
  return findings
    .map(({ code, level, detail, howToFix }) => {
      const sign = SIGNS[level].padEnd(8);
      const painted = isColoured ? `\u001b[${COLOURS[level]}m${sign}\u001b[0m` : sign;
      return `${painted} ${code}: ${makePrintable(detail, 1000)}\n         Fix: ${makePrintable(howToFix, 1000)}\n`;
    })
    .join('');
}
