import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAuthLine, pickRecords } from '../../../../src/host/sshd/login-records.ts';
import { parseEntry } from '../../../../src/host/nss/name-service.ts';
import { anyText } from '../../../support/records/any-text.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z') / 1000;
const pick = (text: string, name = 'alice') => pickRecords([{ at: 1, text }], name)[0]?.kind ?? null;

describe('what sshd logged about a user', () => {
  test.each([
    ['Accepted publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc', 'accepted'],
    ['Failed publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc', 'refused'],
    ['User alice from 10.0.0.1 not allowed because not listed in AllowUsers', 'refused'],
    ['User alice not allowed because shell /bin/zsh does not exist', 'refused'],
    ['fatal: Access denied for user alice by PAM account configuration [preauth]', 'refused'],
    ['Connection closed by authenticating user alice 10.0.0.1 port 1 [preauth]', 'refused'],
    ['Invalid user alice from 10.0.0.1 port 1', 'refused'],
    ['error: maximum authentication attempts exceeded for alice from 10.0.0.1', 'refused'],
    ['Accepted publickey for alice2 from 10.0.0.1 port 1 ssh2', null],
    ['Accepted publickey for alice.b from 10.0.0.1 port 1 ssh2', null],
    ['Server listening on 0.0.0.0 port 22.', null],
  ])('%s: %s', (text, kind) => {
    expect(pick(text)).toBe(kind);
  });

  test('is found in auth.log in both formats of rsyslog, also at the turn of the year', () => {
    const text = 'Accepted publickey for alice from 10.0.0.1';
    const [old] = parseAuthLine(`Dec 31 23:00:00 node sshd[12]: ${text}`, NOW);
    expect(old?.text).toBe(text);
    expect(new Date((old?.at ?? 0) * 1000).getFullYear()).toBe(2025);
    expect(parseAuthLine(`2026-01-01T23:00:00.5+00:00 node sshd-session[12]: ${text}`, NOW)).toEqual([
      { at: NOW - 3600, text },
    ]);
    expect(parseAuthLine('2026-01-01T23:00:00Z node cron[12]: hello', NOW)).toEqual([]);
  });

  test('escapes any name, and accepts any line without harm', () => {
    fc.assert(
      fc.property(fc.string(), anyText, (name, line) => {
        pickRecords([{ at: null, text: line }], name);
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
