// The link `pam`: does the account step of PAM let the person in?
import type { Facts } from '../facts.ts';
import { broken, ok, unknown, type Verdict } from '../verdict.ts';

export function judgePam({ pam, sshd }: Facts): Verdict {
  if (!pam.ok) return unknown(pam.why);
  const { answer, nologin } = pam.value;
  if (nologin !== null) {
    return broken(
      `${nologin} is there, and keeps everybody but root out`,
      'operator',
      `remove it when the maintenance is over: rm ${nologin}`,
    );
  }
  const usesPam = sshd.ok ? sshd.value.settings?.get('usepam')?.[0] : undefined;
  if (usesPam === 'no') return ok('not asked: UsePAM no');
  if ('unasked' in answer) return unknown(answer.unasked);
  if (answer.refusal === null) return ok('its account step lets in');
  return broken(
    `PAM refuses the account: ${answer.refusal}`,
    'operator',
    'read /etc/pam.d/sshd (pam_access reads /etc/security/access.conf; aging is chage -l)',
  );
}
