// Local times of key lines as the C library reads them, through perl(1).
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { renderExpiry } from '../../../src/policy/keys/key-file.ts';

const AT = Date.UTC(2026, 10, 24, 12, 0, 0) / 1000;

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
