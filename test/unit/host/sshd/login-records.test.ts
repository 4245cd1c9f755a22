import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAuthLine, pickRecords } from '../../../../src/host/sshd/login-records.ts';
import { parseEntry } from '../../../../src/host/nss/name-service.ts';
import { anyText } from '../../../support/records/any-text.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z') / 1000;
const pick = (text: string, name = 'alice') =>
  pickRecords([{ at: 1, text, pid: '1' }], name)[0]?.kind ?? null;

describe('what sshd logged about a user', () => {
  test.each([
    ['Accepted publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc', 'accepted'],
    ['Failed publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc', 'refused'],
    ['User alice from 10.0.0.1 not allowed because not listed in AllowUsers', 'refused'],
    ['User alice not allowed because shell /bin/zsh does not exist', 'refused'],
    ['fatal: Access denied for user alice by PAM account configuration [preauth]', 'refused'],
    ['Connection closed by authenticating user alice 10.0.0.1 port 1 [preauth]', 'refused'],
    ['Invalid user alice from 10.0.0.1 port 1', 'refused'],
    [
      'error: AuthorizedKeysCommand /usr/libexec/sunk-agent/authorized-keys alice failed, status 1',
      'refused',
    ],
    ['error: AuthorizedKeysCommand /usr/libexec/sunk-agent/authorized-keys alice2 failed, status 1', null],
    ['error: maximum authentication attempts exceeded for alice from 10.0.0.1', 'refused'],
    ['Accepted publickey for alice2 from 10.0.0.1 port 1 ssh2', null],
    ['Accepted publickey for alice.b from 10.0.0.1 port 1 ssh2', null],
    ['Server listening on 0.0.0.0 port 22.', null],
  ])('%s: %s', (text, kind) => {
    expect(pick(text)).toBe(kind);
  });

  test('has the reason that the same process gave without a name, in place of how it ended', () => {
    const reason =
      'userauth_pubkey: signature algorithm ssh-ed25519 not in PubkeyAcceptedAlgorithms [preauth]';
    const lines = [
      { at: 3, pid: '8', text: 'Connection closed by authenticating user alice 10.0.0.1 port 1 [preauth]' },
      { at: 2, pid: '8', text: reason },
      { at: 1, pid: '9', text: reason.replace('ed25519', 'rsa') },
    ];
    expect(pickRecords(lines, 'alice')).toEqual([{ at: 2, kind: 'refused', text: reason }]);
    expect(pickRecords(lines, 'bob')).toEqual([]);
  });

  test('has the penalties of an address that the user came from', () => {
    const penalty = (from: string) =>
      `drop connection #0 from [${from}]:5 on [10.0.0.9]:22 penalty: failed authentication`;
    const lines = [
      { at: 4, pid: '1', text: penalty('10.0.0.2') },
      { at: 3, pid: '1', text: penalty('10.0.0.1') },
      { at: 2, pid: '8', text: 'Failed publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc' },
    ];
    expect(pickRecords(lines, 'alice').map(({ at }) => at)).toEqual([3, 2]);
  });

  test('is found in auth.log in both formats of rsyslog, also at the turn of the year', () => {
    const text = 'Accepted publickey for alice from 10.0.0.1';
    const [old] = parseAuthLine(`Dec 31 23:00:00 node sshd[12]: ${text}`, NOW);
    expect(old?.text).toBe(text);
    expect(new Date((old?.at ?? 0) * 1000).getFullYear()).toBe(2025);
    expect(parseAuthLine(`2026-01-01T23:00:00.5+00:00 node sshd-session[12]: ${text}`, NOW)).toEqual([
      { at: NOW - 3600, text, pid: '12' },
    ]);
    expect(parseAuthLine(`2026-01-01T23:00:00.5+00:00 node sshd-auth[12]: ${text}`, NOW)).toHaveLength(1);
    expect(parseAuthLine('2026-01-01T23:00:00Z node cron[12]: hello', NOW)).toEqual([]);
  });

  test.each([
    ['Feb 30 10:00:00', null],
    ['Foo 11 10:00:00', null],
    ['Jan  1 24:00:00', null],
    ['2026-02-30T10:00:00Z', null],
    ['2026-01-01T10:00:00', null],
    ['2027-01-01T10:00:00Z', null],
    ['2026-01-01T10:00:00.123456+01:00', Date.UTC(2026, 0, 1, 9) / 1000],
    ['Jan  1 10:00:00', new Date(2026, 0, 1, 10).getTime() / 1000],
    ['Nov 25 17:10:09', new Date(2025, 10, 25, 17, 10, 9).getTime() / 1000],
  ])('has the time of its line, if that is one: %s', (time, at) => {
    const text = 'Accepted publickey for alice from 10.0.0.1';
    expect(parseAuthLine(`${time} node sshd[12]: ${text}`, NOW)).toEqual([{ at, text, pid: '12' }]);
  });

  test('of February 29 belongs to the last leap year, if that is this year or the last', () => {
    const line = 'Feb 29 10:00:00 node sshd[12]: Invalid user alice from 10.0.0.1';
    const at = (now: Date) => parseAuthLine(line, now.getTime() / 1000)[0]?.at;
    const leap = new Date(2028, 1, 29, 10).getTime() / 1000;
    expect(at(new Date(2028, 5, 1))).toBe(leap);
    expect(at(new Date(2029, 0, 1))).toBe(leap);
    expect(at(new Date(2030, 0, 1))).toBeNull();
  });

  test('escapes any name, and accepts any line without harm', () => {
    fc.assert(
      fc.property(fc.string(), anyText, (name, line) => {
        pickRecords([{ at: null, text: line, pid: '1' }], name);
        parseAuthLine(line, NOW);
        parseEntry(line);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/), (name) => {
        expect(pick(`Accepted publickey for ${name} from 10.0.0.1`, name)).toBe('accepted');
        expect(pick(`Accepted publickey for ${name}x from 10.0.0.1`, name)).toBeNull();
      }),
    );
  });
});
