// Check `login`: do the helper and PAM admit a managed account?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkLogin({ helperFault, nologin, pam, expiry }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (helperFault !== null)
    findings.push(
      found('login-helper', 'error', helperFault, 'let sunk-keys read /var/lib/sunk-agent/authorized_keys'),
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
        'this old sshd reads expiry times as local time, and the time zone has no name: keys live up to half a day longer',
        'make /etc/localtime a link to a file in /usr/share/zoneinfo',
      ),
    );
  }
  return findings;
}
