import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { AcceptedKey } from '../../../src/policy/model.ts';
import { renderExpiry, renderKeyFile } from '../../../src/policy/keys/key-file.ts';
import { anyText } from '../../support/records/any-text.ts';

const UTC = { zulu: true, timeZone: 'UTC' };
const AT = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;

function key(name: string): AcceptedKey {
  return { type: 'ssh-ed25519', base64: `AAAA${name}`, fingerprint: `SHA256:${name}` };
}

test('a file has one line a key, sorted by fingerprint: expiry, type, blob, SCIM id', () => {
  expect(renderKeyFile([key('b'), key('a')], '2819c223-7f76', AT, UTC)).toBe(
    'expiry-time="20261124120000Z" ssh-ed25519 AAAAa 2819c223-7f76\n' +
      'expiry-time="20261124120000Z" ssh-ed25519 AAAAb 2819c223-7f76\n',
  );
});

test('without an expiry a line has no option, and without keys there is no line', () => {
  expect(renderKeyFile([key('a')], 'id', null, UTC)).toBe('ssh-ed25519 AAAAa id\n');
  expect(renderKeyFile([], 'id', AT, UTC)).toBe('');
});

test('a long file starts with an empty line for the helper, a short one does not', () => {
  const long = { ...key('x'), base64: 'A'.repeat(800) };
  expect(renderKeyFile([long], 'id', AT, UTC)).not.toMatch(/^\n/);
  expect(renderKeyFile([long, { ...long, fingerprint: 'SHA256:y' }], 'id', AT, UTC)).toMatch(
    /^\nexpiry-time/,
  );
});

test('nothing of a hostile SCIM id reaches the file but safe characters, and two ids stay two', () => {
  fc.assert(
    fc.property(anyText, (scimId) => {
      const text = renderKeyFile([key('a')], scimId, null, UTC);
      expect(text).toMatch(/^ssh-ed25519 AAAAa [A-Za-z0-9._-]{1,77}\n$/);
    }),
  );
  const owner = (scimId: string): string => renderKeyFile([key('a')], scimId, null, UTC);
  expect(owner('a b')).not.toBe(owner('a\nb'));
  expect(owner('x'.repeat(100))).not.toBe(owner('x'.repeat(101)));
});

test('an expiry that is no time, or out of range, is one that sshd refuses, or far away', () => {
  expect(renderExpiry(Number.NaN, UTC)).toBe('19700102000000Z');
  expect(renderExpiry(-5, UTC)).toBe('19700102000000Z');
  expect(renderExpiry(1e15, UTC)).toMatch(/^9999\d{10}Z$/);
});

test('a second begun counts as a whole one', () => {
  expect(renderExpiry(AT + 0.2, UTC)).toBe('20261124120001Z');
});

/**
 * What the C library makes of local times as sshd's parse_absolute_time() reads them (tm_isdst = 0), and with
 * tm_isdst = -1, as other libraries do whatever it is.
 */
function readWithMktime(timeZone: string, times: readonly string[]): number[][] {
  const script =
    'for (@ARGV) { my ($y, @t) = /(\\d{4})(..)(..)(..)(..)(..)/;' +
    'print join(" ", map { mktime(@t[4, 3, 2, 1], $t[0] - 1, $y - 1900, 0, 0, $_) } 0, -1), "\\n" }';
  const answer = execFileSync('perl', ['-MPOSIX', '-e', script, ...times], {
    env: { TZ: timeZone },
    encoding: 'utf8',
  });
  return answer
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
}

test.each([
  ['UTC', 0],
  ['Asia/Kolkata', 1],
  ['Asia/Kathmandu', 1],
  ['Europe/Berlin', 2],
  ['Europe/Dublin', 3],
  ['America/St_Johns', 2],
  ['America/Los_Angeles', 2],
  ['Australia/Lord_Howe', 2],
  ['Africa/Casablanca', 3],
  ['Pacific/Kiritimati', 1],
  // Its summer time is two hours ahead.
  ['Antarctica/Troll', 3],
])(
  'local time is never early by any reading of it, and late by a few hours at most: %s',
  (timeZone, hours) => {
    const instants: number[] = [];
    // Each week of a year, and each ten minutes around the changes of 2026 in Europe and America.
    for (let week = 0; week < 52; week += 1) instants.push(AT + week * 7 * 86_400);
    for (const change of [
      '2026-10-24T20:00Z',
      '2026-11-01T04:00Z',
      '2026-03-28T20:00Z',
      '2026-03-08T05:00Z',
    ]) {
      for (let step = 0; step < 96; step += 1) instants.push(Date.parse(change) / 1000 + step * 600);
    }
    const times = instants.map((instant) => renderExpiry(instant, { zulu: false, timeZone }));
    for (const [index, readings] of readWithMktime(timeZone, times).entries()) {
      for (const reading of readings) {
        const late = reading - (instants[index] ?? 0);
        expect(late, `${times[index] ?? ''} ${timeZone}`).toBeGreaterThanOrEqual(0);
        expect(late, `${times[index] ?? ''} ${timeZone}`).toBeLessThanOrEqual(hours * 3600);
      }
    }
  },
);

test('in a zone that is not known the expiry is late rather than early', () => {
  expect(renderExpiry(AT, { zulu: false, timeZone: 'Mars/Olympus' })).toBe('20261125030000');
});
