// The link `pam`: does the account step of PAM admit the user?
import type { Facts } from '../facts.ts';
import { error, ok, unknown, type Verdict } from '../verdict.ts';

export function judgePam({ pam, sshd }: Facts): Verdict {
  if (!pam.ok) return unknown(pam.why);
  const { answer, nologin } = pam.value;
  if (nologin !== null) {
    return error(
      'pam-nologin',
      `${nologin} exists, so only root can log in`,
      'operator',
      `remove it when the maintenance is over: rm ${nologin}`,
    );
  }
  const usesPam = sshd.ok ? sshd.value.settings?.get('usepam')?.[0] : undefined;
  if (usesPam === 'no') return ok('not used: UsePAM no');
  if ('unasked' in answer) return unknown(answer.unasked);
  if (answer.refusal === null) return ok('the account step admits the user');
  return error(
    'pam-refused',
    `PAM refuses the account: ${answer.refusal}`,
    'operator',
    'check /etc/pam.d/sshd (pam_access reads /etc/security/access.conf; for aging: chage -l)',
  );
}
