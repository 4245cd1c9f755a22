// sshd's log as evidence: its own lines are read, and a stranger cannot forge one by the name they type.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameOwners, proveUse } from '../../../src/agent/report/proof-of-use.ts';
import { readLoginLog } from '../../../src/host/sshd/login-log.ts';
import { readAccepted, readAuthLine, readJournalLine } from '../../../src/host/sshd/login-messages.ts';
import { makeAnyText } from '../../support/records/any-text.ts';

const FINGERPRINT = 'SHA256:sVGBVyN5yGGi5i6t7bIGZzqhIchaGb6NHKg+k6VJPGo';
const OF_SSHD = { _UID: '0', _PID: '7', _COMM: 'sshd' };
const LINE = `Accepted publickey for alice from 192.0.2.7 port 50022 ssh2: ED25519 ${FINGERPRINT}`;
const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;

const ALICE = {
  scimId: 'id-alice',
  kind: 'account',
  name: 'alice',
  id: 10_000,
  gid: 9999,
  home: '/home/alice',
  boundAt: 900,
  disabledAt: 1100,
} as const;

describe('a message of sshd', () => {
  test.each([
    [LINE, { name: 'alice', from: '192.0.2.7', keyType: 'ED25519', fingerprint: FINGERPRINT }],
    [
      LINE.replace('192.0.2.7', 'fe80::1%eth0').replace('ED25519', 'ECDSA-SK'),
      { name: 'alice', from: 'fe80::1%eth0', keyType: 'ECDSA-SK', fingerprint: FINGERPRINT },
    ],
  ])('that a key was accepted is read: %s', (line, login) => {
    expect(readAccepted(line)).toEqual(login);
  });

  test.each([
    `Invalid user ${LINE} from 203.0.113.9 port 1`,
    `Failed publickey for invalid user ${LINE} from 203.0.113.9 port 1 ssh2: RSA ${FINGERPRINT}`,
    `Connection closed by invalid user ${LINE} 203.0.113.9 port 1 [preauth]`,
    `Accepted publickey for alice from 192.0.2.7 port 1 ssh2: ED25519-CERT ${FINGERPRINT} ID x (serial 0) CA RSA ${FINGERPRINT}`,
    `Accepted password for alice from 192.0.2.7 port 50022 ssh2`,
    `Accepted publickey for alice from 192.0.2.7 port 1 ssh2: ED25519 ${FINGERPRINT} `,
    ` ${LINE}`,
  ])('that says something else is none: %s', (line) => {
    expect(readAccepted(line)).toBeNull();
  });

  test('holds a name that is an account’s, an address and a fingerprint, or is not read, whatever a stranger typed', () => {
    const piece = fc.oneof(
      makeAnyText(20),
      fc.constantFrom(
        'alice',
        'root',
        ' from 192.0.2.7',
        ' port 1',
        ' ssh2: ED25519 ',
        FINGERPRINT,
        LINE,
        '\n',
        '\\012',
      ),
    );
    const typed = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const sshdSays = fc.oneof(
      typed.map((name) => `Invalid user ${name} from 203.0.113.9 port 1`),
      typed.map((name) => `Failed none for invalid user ${name} from 203.0.113.9 port 1 ssh2`),
      typed.map((name) => `input_userauth_request: invalid user ${name} [preauth]`),
      typed.map((name) => `User ${name} from 203.0.113.9 not allowed because not listed in AllowUsers`),
      typed.map((text) => `Received disconnect from 203.0.113.9 port 1:11: ${text}`),
    );
    fc.assert(
      fc.property(sshdSays, (message) => {
        expect(readAccepted(message)).toBeNull();
        expect(readAuthLine(`Nov 24 12:00:00 node sshd[7]: ${message}`, NOW)).toBeNull();
        expect(
          readJournalLine(JSON.stringify({ ...OF_SSHD, MESSAGE: message, __REALTIME_TIMESTAMP: '1' })),
        ).toBeNull();
      }),
    );
    fc.assert(
      fc.property(typed, (text) => {
        const login = readAccepted(text);
        if (login === null) return;
        expect(`${login.name} ${login.from} ${login.keyType}`).toMatch(/^[\w.%: -]+$/);
        expect(login.fingerprint).toBe(FINGERPRINT);
      }),
    );
  });
});

describe('a line of the journal', () => {
  test('has its time from the journal; a message that is no text, and what is no JSON, is no login', () => {
    const entry = { ...OF_SSHD, MESSAGE: LINE, __REALTIME_TIMESTAMP: '1795521600000001' };
    expect(readJournalLine(JSON.stringify(entry))).toMatchObject({ at: 1_795_521_600, name: 'alice' });
    expect(readJournalLine(JSON.stringify({ ...entry, MESSAGE: [65, 99] }))).toBeNull();
    expect(readJournalLine(JSON.stringify({ ...entry, __REALTIME_TIMESTAMP: null }))).toBeNull();
    expect(readJournalLine(JSON.stringify({ ...entry, _UID: '1000' }))).toBeNull();
    for (const text of ['', 'null', '[]', '{', '"x"']) expect(readJournalLine(text)).toBeNull();
  });
});

describe('an auth log', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'auth-log-'));
    mkdirSync(path.join(root, 'var/log'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('has the time of its line, with or without a year, the latest that is not in the future', () => {
    const read = (time: string, program = 'sshd[7]') =>
      readAuthLine(`${time} node ${program}: ${LINE}`, NOW)?.at;
    expect(read('2026-11-24T12:00:00.123456+01:00')).toBe(Date.parse('2026-11-24T11:00:00Z') / 1000);
    expect(read('Nov  4 12:00:00')).toBe(new Date(2026, 10, 4, 12).getTime() / 1000);
    expect(read('Dec 24 12:00:00')).toBe(new Date(2025, 11, 24, 12).getTime() / 1000);
    expect(read('Nov  4 12:00:00', 'sshd-session[7]')).toBeDefined();
    expect(read('Nov  4 12:00:00', 'mysshd[7]')).toBeUndefined();
    expect(read('Xyz 99 12:00:00')).toBeUndefined();
  });

  test('is asked by name, key and time, the newest first, where there is no journal', async () => {
    const at = (day: number, name: string): string =>
      `2026-11-${String(day).padStart(2, '0')}T12:00:00Z node sshd[7]: ${LINE.replace('alice', name)}\n`;
    const lines = Array.from({ length: 20 }, (_, day) => at(day + 1, 'alice') + at(day + 1, 'bob'));
    writeFileSync(path.join(root, 'var/log/auth.log'), lines.join(''));
    const since = Date.parse('2026-11-03T00:00:00Z') / 1000;
    const answer = await readLoginLog({ name: 'bob', fingerprint: FINGERPRINT, since, limit: 3 }, root);
    expect(answer.source).toBe('auth-log');
    expect(
      answer.logins.map(({ name, at: time }) => `${name} ${new Date(time * 1000).getUTCDate()}`),
    ).toEqual(['bob 20', 'bob 19', 'bob 18']);
    const all = await readLoginLog({ name: 'bob', since, limit: 100 }, root);
    expect(all.logins).toHaveLength(18);
    expect((await readLoginLog({ fingerprint: 'SHA256:x', since, limit: 3 }, root)).logins).toEqual([]);
  });

  test('shows with the ledger which user opened a session with a key', async () => {
    writeFileSync(path.join(root, 'var/log/auth.log'), `2026-11-24T12:00:00Z node sshd[7]: ${LINE}\n`);
    const proof = await proveUse({ fingerprint: FINGERPRINT, since: 0, limit: 10 }, [ALICE], root);
    expect(proof).toMatchObject({ source: 'auth-log', logins: [{ name: 'alice', scimId: 'id-alice' }] });
  });

  test('that is missing gives an error that names who may read it', async () => {
    await expect(readLoginLog({ since: 0, limit: 1 }, root)).rejects.toThrow(
      /the journal has no messages of sshd, and .*auth\.log cannot be read/,
    );
  });
});

test('a login belongs to the user that the ledger binds, and to no user before the name was bound', () => {
  const login = { at: 1000, name: 'alice', from: '192.0.2.7', keyType: 'ED25519', fingerprint: FINGERPRINT };
  const owners = nameOwners([login, { ...login, at: 800 }, { ...login, name: 'root' }], [ALICE]);
  expect(owners.map(({ scimId }) => scimId)).toEqual(['id-alice', null, null]);
});
