// Check `login`: do the helper and PAM admit a managed account, and did the last trial login work?
import { sayAgo } from '../../../common/text/relative-time.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkLogin({ helperFault, nologin, pam, expiry, loginPath, now }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (helperFault !== null)
    findings.push(
      found(
        'login-helper',
        'error',
        helperFault,
        'run sunk-agent sync, which sets the rights of /var/lib/sunk-agent/authorized_keys; if it stays: apt-get install --reinstall sunk-agent',
      ),
    );
  if (nologin !== null) {
    findings.push(
      found(
        'login-nologin',
        'error',
        `${nologin} exists, so only root can log in`,
        `remove it when the maintenance is over: rm ${nologin}`,
      ),
    );
  } else if (pam.ok && pam.value !== null && 'refusal' in pam.value && pam.value.refusal !== null) {
    findings.push(
      found(
        'login-pam',
        'error',
        `PAM refuses a managed account: ${pam.value.refusal}`,
        'check /etc/pam.d/sshd and /etc/security/access.conf',
      ),
    );
  }
  if (!expiry.zulu && expiry.timeZone === 'unknown') {
    findings.push(
      found(
        'login-time-zone',
        'warning',
        'this old sshd reads expiry times as local time, and the time zone has no name: keys are valid for up to half a day longer',
        'make /etc/localtime a link to a file in /usr/share/zoneinfo',
      ),
    );
  }
  return [...findings, ...checkTrial(loginPath, now)];
}

/** What really happened: the last of these findings, since those before it name causes. */
function checkTrial(loginPath: Facts['loginPath'], now: number): Finding[] {
  if (loginPath === null || loginPath === undefined) return [];
  const { state, at, step, reason } = loginPath;
  if (state === 'failed')
    return [
      found(
        'login-trial',
        'error',
        `a trial login of sunk-canary failed ${sayAgo(at, now)} at ${step ?? 'an unknown step'}: ${reason}`,
        'correct what it names; to try it as a user: sunk-agent why NAME --try',
      ),
    ];
  if (state === 'unproven')
    return [
      found(
        'login-unproven',
        'unknown',
        `it is not known whether a login works: ${reason}`,
        'try one: sunk-agent why NAME --try',
      ),
    ];
  return [];
}
