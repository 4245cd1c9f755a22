import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgePam } from '../../../../../src/diagnose/why/judge/judge-pam.ts';
import { healthy, notProbed, probed, withSshd } from '../../../../support/records/healthy.ts';

type Pam = Extract<Facts['pam'], { ok: true }>['value'];

const answering = (answer: Pam['answer'], nologin: string | null = null, facts: Facts = healthy): Facts => ({
  ...facts,
  pam: probed({ answer, nologin }),
});
const refused = { refusal: 'permission denied' };
const unasked = { unasked: 'PAM does not answer within 3 s' };
const withoutPam = withSshd({ usepam: ['no'] });

describe('the link `pam`', () => {
  test('is in order where the account step admits the user', () => {
    expect(judgePam(healthy)).toMatchObject({ level: 'ok', owner: null });
  });

  test.each<[string, Facts]>([
    ['pam-nologin', answering({ refusal: null }, '/etc/nologin')],
    ['pam-nologin', answering(refused, '/run/nologin')],
    ['pam-nologin', answering(unasked, '/etc/nologin')],
    // sshd reads the file itself where it does not use PAM (sshd(8), FILES).
    ['pam-nologin', answering({ refusal: null }, '/etc/nologin', withoutPam)],
    ['pam-refused', answering(refused)],
    // That sshd does not use PAM is not concluded from settings that are not known.
    ['pam-refused', answering(refused, null, { ...healthy, sshd: notProbed })],
    [
      'pam-refused',
      answering(refused, null, {
        ...healthy,
        sshd: probed({ settings: null, findings: [], hasDropIn: true }),
      }),
    ],
  ])('%s is an error of the operator with a fix', (code, facts) => {
    expect(judgePam(facts)).toMatchObject({
      level: 'error',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('names the file that denies logins', () => {
    expect(judgePam(answering({ refusal: null }, '/run/nologin')).howToFix).toContain('/run/nologin');
  });

  test('does not matter where sshd does not use PAM', () => {
    expect(judgePam(answering(refused, null, withoutPam)).level).toBe('ok');
    expect(judgePam(answering(unasked, null, withoutPam)).level).toBe('ok');
  });

  test('is not known where PAM did not answer or was not asked', () => {
    expect(judgePam(answering(unasked))).toMatchObject({ level: 'unknown', detail: unasked.unasked });
    expect(judgePam({ ...healthy, pam: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });
});
