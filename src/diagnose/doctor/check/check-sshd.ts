// Check `sshd`: does it run, does it serve the keys as configured, and does a login path bypass sunk-agent?
import type { SshdFinding } from '../../../host/sshd/sshd-findings.ts';
import { explainSshdFix, isFixedByDropIn } from '../../sshd-fix.ts';
import { TROUBLES } from '../../why/judge/judge-sshd.ts';
import type { Facts } from '../facts.ts';
import { type Finding, type FixName, found, type Level } from '../finding.ts';

export function checkSshd({ sshd, isSshdRunning, hasSshdDropIn, loginPath, names }: Facts): Finding[] {
  if (!sshd.ok) {
    const detail = `sshd could not be checked: ${sshd.why}`;
    return [found('sshd-unasked', 'unknown', detail, 'run sunk-agent doctor as root')];
  }
  // Of an account that another service answers, sshd tells what it has for another user.
  const isOther = names.ok && names.value.answering !== null;
  const own = sshd.value.filter(({ code }) => !(isOther && code.startsWith('sshd-other-')));
  const findings = own.map((finding) => {
    const { code, detail } = finding;
    const howToFix = explainSshdFix(code, hasSshdDropIn);
    return found(code, findLevel(finding, loginPath), detail, howToFix, findFix(code, hasSshdDropIn));
  });
  // What keeps it from starting says more.
  if (isSshdRunning === false && !findings.some(({ code }) => WHY_NOT.has(code))) {
    const others = findings.filter(({ code }) => code !== 'sshd-not-listening');
    const fix = 'start it: systemctl start ssh; if it does not start, see why: systemctl status ssh';
    return [found('sshd-not-running', 'error', 'sshd does not run', fix), ...others];
  }
  return findings;
}

const WHY_NOT: ReadonlySet<string> = new Set([
  'sshd-listen-address',
  'sshd-silent',
  'sshd-host-keys',
  'sshd-host-keys-refused',
]);

function findFix(code: string, hasDropIn: boolean): FixName | null {
  if (isFixedByDropIn(code, hasDropIn)) return 'sshd-drop-in';
  return code === 'sshd-helper-unsafe' ? 'helper-rights' : null;
}

/** Where a login fails, an sshd that may run with an older configuration is the cause. */
function findLevel({ code, breaksLogin }: SshdFinding, loginPath: Facts['loginPath']): Level {
  if (code === 'sshd-not-reloaded') return loginPath?.state === 'failed' ? 'error' : 'warning';
  if (TROUBLES.has(code)) return 'warning';
  return breaksLogin ? 'error' : 'security';
}
