// Check `sshd`: does it run, does it serve the keys as configured, and does a login path bypass sunk-agent?
import type { Facts } from '../facts.ts';
import { type Finding, type FixName, found } from '../finding.ts';

/** What the drop-in of sunk-agent corrects, once sshd reads it. */
const BY_DROP_IN = new Set(['sshd-other-command', 'sshd-other-command-user', 'sshd-other-files']);

export function checkSshd({ sshd, isSshdRunning }: Facts): Finding[] {
  if (!sshd.ok) {
    const detail = `sshd could not be checked: ${sshd.why}`;
    return [found('sshd-unasked', 'unknown', detail, 'run sunk-agent doctor as root')];
  }
  const findings = sshd.value.map(({ code, detail, breaksLogin }) =>
    found(code, breaksLogin ? 'error' : 'security', detail, explainFix(code), findFix(code)),
  );
  if (isSshdRunning === false) {
    findings.unshift(
      found('sshd-not-running', 'error', 'sshd does not run', 'start it: systemctl start ssh'),
    );
  }
  return findings;
}

function findFix(code: string): FixName | null {
  if (BY_DROP_IN.has(code)) return 'sshd-drop-in';
  return code === 'sshd-helper-unsafe' ? 'helper-rights' : null;
}

function explainFix(code: string): string {
  if (BY_DROP_IN.has(code))
    return 'write the drop-in again: sunk-agent doctor --fix; remove the setting that takes precedence over it';
  if (code === 'sshd-helper-unsafe') return 'make root its only owner and writer: sunk-agent doctor --fix';
  return code === 'sshd-helper-user'
    ? 'create that user: systemd-sysusers'
    : 'change that line in sshd_config, unless it is intended';
}
