import { describe, expect, test } from 'vitest';
import { checkLogin } from '../../../../../src/diagnose/doctor/check/check-login.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { notProbed, probed } from '../../../../support/records/healthy.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';

const refused = probed({ refusal: 'permission denied' });
const codes = (facts: Facts): string[] => checkLogin(facts).map(({ code }) => code);

describe('check `login`', () => {
  test.each<[string, Facts]>([
    ['helper and PAM admit a managed account', healthyNode],
    ['no account is managed yet', node({ pam: probed(null) })],
    ['PAM was not asked', node({ pam: notProbed })],
    ['PAM did not answer', node({ pam: probed({ unasked: 'it does not answer within 3 s' }) })],
    ['an old sshd has a time zone with a name', node({ expiry: { zulu: false, timeZone: 'Europe/Dublin' } })],
    ['sshd reads UTC, whatever the time zone', node({ expiry: { zulu: true, timeZone: 'unknown' } })],
  ])('finds nothing where %s', (_, facts) => {
    expect(checkLogin(facts)).toEqual([]);
  });

  test.each<[string, string, Facts]>([
    ['login-helper', 'error', node({ helperFault: 'the output differs' })],
    ['login-nologin', 'error', node({ nologin: '/etc/nologin' })],
    ['login-pam', 'error', node({ pam: refused })],
    ['login-time-zone', 'warning', node({ expiry: { zulu: false, timeZone: 'unknown' } })],
  ])('%s, of level %s', (code, level, facts) => {
    expect(checkLogin(facts)).toMatchObject([
      { code, level, howToFix: expect.stringMatching(/\S/), fix: null },
    ]);
  });

  test('a nologin file explains the refusal of PAM, so that is not reported as well', () => {
    expect(codes(node({ nologin: '/run/nologin', pam: refused }))).toEqual(['login-nologin']);
    expect(checkLogin(node({ nologin: '/run/nologin' }))[0]?.howToFix).toContain('/run/nologin');
  });

  test('reports each cause that is independent of the others', () => {
    const facts = node({
      helperFault: 'it does not run',
      pam: refused,
      expiry: { zulu: false, timeZone: 'unknown' },
    });
    expect(codes(facts)).toEqual(['login-helper', 'login-pam', 'login-time-zone']);
  });
});
