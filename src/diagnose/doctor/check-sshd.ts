// Check `sshd`: does it run, does it serve the keys as configured, and does nobody walk around us?
import type { Facts } from './facts.ts';
import { type Finding, type FixName, found } from './finding.ts';

/** What our own drop-in, written and read, sets right. */
const BY_DROP_IN = new Set(['sshd-other-command', 'sshd-other-command-user', 'sshd-other-files']);

export function checkSshd({ sshd, isSshdRunning }: Facts): Finding[] {
  if (!sshd.ok)
    return [
      found('sshd-unasked', 'unknown', `sshd was not asked: ${sshd.why}`, 'run sunk-agent doctor as root'),
    ];
  const findings = sshd.value.map(({ code, detail, breaksLogin }) =>
    found(code, breaksLogin ? 'broken' : 'open', detail, sayMend(code), findFix(code)),
  );
  if (isSshdRunning === false)
    findings.unshift(
      found('sshd-not-running', 'broken', 'sshd does not run', 'start it: systemctl start ssh'),
    );
  return findings;
}

function findFix(code: string): FixName | null {
  if (BY_DROP_IN.has(code)) return 'sshd-drop-in';
  return code === 'sshd-helper-unsafe' ? 'helper-rights' : null;
}

function sayMend(code: string): string {
  if (BY_DROP_IN.has(code))
    return 'write our drop-in anew: sunk-agent doctor --fix; what wins before it has to go';
  if (code === 'sshd-helper-unsafe')
    return 'give it back to root, writable by root alone: sunk-agent doctor --fix';
  return code === 'sshd-helper-user'
    ? 'make that user: systemd-sysusers'
    : 'change that line in sshd_config, if it is not meant';
}
