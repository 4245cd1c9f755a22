import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeLogins } from '../../../../../src/diagnose/why/judge/judge-logins.ts';
import { healthy, notProbed, NOW, probed } from '../../../../support/records/healthy.ts';

type Login = Extract<Facts['logins'], { ok: true }>['value'][number];

const refused: Login = { at: NOW - 60, kind: 'refused', text: 'Failed publickey for alice from 192.0.2.7' };
const accepted: Login = { at: NOW - 90, kind: 'accepted', text: 'Accepted publickey for alice' };
const logged = (...logins: Login[]) => judgeLogins({ ...healthy, logins: probed(logins) });

describe('the link `logins`', () => {
  test('is in order where sshd logged nothing, or accepted the newest login', () => {
    expect(logged()).toMatchObject({ level: 'ok', owner: null });
    expect(logged(accepted, refused, refused)).toMatchObject({ level: 'ok', owner: null });
    expect(logged(accepted).detail).toContain(accepted.text);
    expect(logged(accepted).detail).toContain('90 s ago');
  });

  test('warns the user where the newest login was refused, since all other links are in order', () => {
    const verdict = logged(refused, accepted);
    expect(verdict).toMatchObject({
      level: 'warning',
      code: 'logins-refused',
      owner: 'person',
      howToFix: expect.stringMatching(/\S/),
    });
    expect(verdict.detail).toContain(refused.text);
  });

  test.each([
    [
      'userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms [preauth]',
      'logins-algorithm',
    ],
    ['error: AuthorizedKeysCommand /usr/libexec/x alice failed, status 1', 'logins-helper'],
    [
      'drop connection #0 from [10.0.0.1]:5 on [10.0.0.9]:22 penalty: failed authentication',
      'logins-penalty',
    ],
  ])('names what the operator can change, and the user cannot: %s', (text, code) => {
    expect(logged({ ...refused, text })).toMatchObject({ code, owner: 'operator' });
  });

  test('counts the refusals since the last login that was accepted', () => {
    expect(logged(refused, refused, accepted, refused).detail).toContain('2 lines');
    expect(logged(refused, refused, refused).detail).toContain('3 lines');
    expect(logged(refused, accepted, refused).detail).not.toContain('lines');
    expect(logged(refused).detail).not.toContain('lines');
  });

  test('judges a line without a readable time by its place in the log', () => {
    expect(logged({ ...refused, at: null }, accepted)).toMatchObject({ code: 'logins-refused' });
    expect(logged({ ...refused, at: null }).detail).not.toMatch(/NaN|never|null/);
    expect(logged({ ...accepted, at: null }).level).toBe('ok');
  });

  test('passes on what a stranger wrote into the log, and puts none of it into the fix', () => {
    const text = 'Invalid user alice from 192.0.2.7: \u001b[2J"; rm -rf /';
    expect(logged({ ...refused, text }).detail).toContain(text);
    expect(logged({ ...refused, text }).howToFix).not.toContain('rm -rf');
  });

  test('is not known where no log can be read', () => {
    expect(judgeLogins({ ...healthy, logins: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });
});
