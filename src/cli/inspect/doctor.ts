// `sunk-agent doctor`: what on this node keeps logins from working as configured, and how to fix it.
import { examine } from '../../diagnose/doctor/examine.ts';
import type { Finding } from '../../diagnose/doctor/finding.ts';
import { applyFixes } from '../../diagnose/doctor/fixes.ts';
import { gatherFacts } from '../../diagnose/doctor/gather.ts';
import { renderFindings } from '../../diagnose/doctor/json.ts';
import { printFindings } from '../../diagnose/doctor/print.ts';
import { openNodeContext } from '../../agent/node-context.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { mayColour } from '../terminal/colour.ts';
import type { CommandContext } from '../command.ts';
import { announceOwner } from '../owner.ts';
import { wrapText } from '../terminal/wrap.ts';

export const failure = 2;
export const options = { fix: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent doctor [--fix] [--json] [--config FILE] [--root DIR]

Checks configuration, token, store, clock, groups, sshd, name service, key helper, PAM, disks, the last sync, and
whether a local account can still log in. Each finding has its fix; the worst comes first. Levels: ERROR, logins or
syncs do not work as configured; SECURITY, a login path may bypass sunk-agent; WARNING, logins work today; ?, it
could not be checked.

Where the agent runs, doctor asks it for one login of the canary: sunk-canary, an account that can do nothing, logs in
over ssh to this node's own sshd. It logs in as no user (sunk-agent why NAME --try does), waits half a minute after a
failure where sshd punishes failures, and tries none with canary.every: never. A failed login is an ERROR (login-trial);
one that proves nothing about the users is ? (login-unproven).

  --fix   apply the fixes that are without risk (sshd drop-in, rights of sunk-agent's files, cache of nscd); each is
          announced first, a fix that fails is reported, and the others are applied all the same

Examples:
  sunk-agent doctor
  sunk-agent doctor --fix

Exit status: 0 no problems, 1 at most findings of the levels SECURITY, WARNING and ?, or a fix failed, 2 an ERROR.`;

export async function run(context: CommandContext): Promise<number> {
  const node = openNodeContext(context);
  announceOwner(context);
  const check = async (): Promise<Finding[]> =>
    examine(await gatherFacts(node, Math.floor(Date.now() / 1000)));
  let findings = await check();
  let notFixed: string[] = [];
  if (context.values['fix'] === true && findings.some(({ fix }) => fix !== null)) {
    notFixed = await applyFixes(findings, node, (line) =>
      process.stderr.write(`sunk-agent: ${makePrintable(line, 1000)}\n`),
    );
    findings = await check();
  }
  process.stdout.write(
    context.json
      ? `${JSON.stringify(renderFindings(findings, notFixed))}\n`
      : wrapText(printFindings(findings, mayColour()), process.stdout.columns),
  );
  if (findings.some(({ level }) => level === 'error')) return 2;
  return findings.length === 0 && notFixed.length === 0 ? 0 : 1;
}
