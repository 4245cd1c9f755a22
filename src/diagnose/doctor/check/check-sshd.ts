// Check `sshd`: does it run, does it serve the keys as configured, and does a login path bypass sunk-agent?
import type { SshdFinding } from '../../../host/sshd/sshd-findings.ts';
import { explainSshdFix, isFixedByDropIn } from '../../sshd-fix.ts';
import type { Facts } from '../facts.ts';
import { type Finding, type FixName, found, type Level } from '../finding.ts';

export function checkSshd({ sshd, isSshdRunning, hasSshdDropIn, loginPath }: Facts): Finding[] {
  if (!sshd.ok) {
    const detail = `sshd could not be checked: ${sshd.why}`;
    return [found('sshd-unasked', 'unknown', detail, 'run sunk-agent doctor as root')];
  }
  const findings = sshd.value.map((finding) => {
    const { code, detail } = finding;
    const howToFix = explainSshdFix(code, hasSshdDropIn);
    return found(code, findLevel(finding, loginPath), detail, howToFix, findFix(code, hasSshdDropIn));
  });
  if (isSshdRunning === false) {
    findings.unshift(
      found('sshd-not-running', 'error', 'sshd does not run', 'start it: systemctl start ssh'),
    );
  }
  return findings;
}

function findFix(code: string, hasDropIn: boolean): FixName | null {
  if (isFixedByDropIn(code, hasDropIn)) return 'sshd-drop-in';
  return code === 'sshd-helper-unsafe' ? 'helper-rights' : null;
}

/** Where a login fails, an sshd that may run with an older configuration is the cause. */
function findLevel({ code, breaksLogin }: SshdFinding, loginPath: Facts['loginPath']): Level {
  if (code === 'sshd-not-reloaded') return loginPath?.state === 'failed' ? 'error' : 'warning';
  return breaksLogin ? 'error' : 'security';
}
