// `sunk-agent doctor`: what on this node keeps logins from working as configured, and how to mend it.
import { examine } from '../../diagnose/doctor/examine.ts';
import type { Finding, Severity } from '../../diagnose/doctor/finding.ts';
import { applyFixes } from '../../diagnose/doctor/fixes.ts';
import { gatherFacts } from '../../diagnose/doctor/gather.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { makePrintable } from '../../common/printable.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';
import { announceOwner } from '../owner.ts';
import { wrapText } from '../terminal/wrap.ts';

export const failure = 2;
export const options = { fix: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent doctor [--fix] [--json] [--config FILE] [--root DIR]

Looks at configuration, token, store, clock, groups, sshd, name service, helper, PAM, disks and the last pass, and for a
local account that could still get in. Each finding says how to mend it; the worst comes first.

  --fix   mend what can be mended without harm (our sshd drop-in, rights of our files, nscd's cache), saying it first;
          what cannot be mended is said, and the rest is mended all the same

Examples:
  sunk-agent doctor
  sunk-agent doctor --fix

Exit status: 0 nothing found, 1 a warning, somebody may get in beside us, or --fix could not mend something, 2 logins or
passes do not work as configured.`;

const SIGNS: Readonly<Record<Severity, string>> = {
  broken: 'BROKEN',
  open: 'OPEN',
  warning: 'warning',
  unknown: '?',
};
const COLOURS: Readonly<Record<Severity, string>> = { broken: '31', open: '31', warning: '33', unknown: '2' };

/** The documented shape of \`--json\`; a new version for any change that is not an addition. */
const VERSION = 1;

export async function run(context: CommandContext): Promise<number> {
  const place = openNodeContext(context);
  announceOwner(context);
  const look = async (): Promise<Finding[]> =>
    examine(await gatherFacts(place, Math.floor(Date.now() / 1000)));
  let findings = await look();
  let unmended: string[] = [];
  if (context.values['fix'] === true && findings.some(({ fix }) => fix !== null)) {
    unmended = await applyFixes(findings, place, (line) =>
      process.stderr.write(`sunk-agent: ${makePrintable(line, 1000)}\n`),
    );
    findings = await look();
  }
  process.stdout.write(
    context.json
      ? `${JSON.stringify({ version: VERSION, findings, unmended })}\n`
      : wrapText(describe(findings, mayColour()), process.stdout.columns),
  );
  if (findings.some(({ severity }) => severity === 'broken')) return 2;
  return findings.length === 0 && unmended.length === 0 ? 0 : 1;
}

function describe(findings: readonly Finding[], isColoured: boolean): string {
  if (findings.length === 0)
    return 'All is well: the store is heard, sshd serves the keys as configured, and nobody walks around us.\n';
  return findings
    .map(({ code, severity, says, mend }) => {
      const sign = SIGNS[severity].padEnd(7);
      const painted = isColoured ? `\u001b[${COLOURS[severity]}m${sign}\u001b[0m` : sign;
      return `${painted} ${code}: ${makePrintable(says, 1000)}\n        mend: ${makePrintable(mend, 1000)}\n`;
    })
    .join('');
}
