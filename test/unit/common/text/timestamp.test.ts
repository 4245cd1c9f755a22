// Times of others: the same instant in every time zone, and none without a zone.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { parseHttpDate, parseTimestamp } from '../../../../src/common/text/timestamp.ts';
import { makeAnyText } from '../../../support/records/any-text.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const numRuns = propertyRuns(500, 50_000);
const ZONES = ['UTC', 'America/St_Johns', 'Pacific/Kiritimati'];
const zoneBefore = process.env['TZ'];

afterEach(() => {
  if (zoneBefore === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zoneBefore;
});

/** What `read` returns under each of the three zones. */
function readInEachZone<T>(read: () => T): T[] {
  return ZONES.map((zone) => {
    process.env['TZ'] = zone;
    return read();
  });
}

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

const offset = fc.oneof(
  fc.constantFrom('Z', 'z', '+00:00', '-00:00'),
  fc
    .tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59))
    .map(([sign, hours, minutes]) => `${sign}${pad(hours)}:${pad(minutes)}`),
);

/** A time as RFC 3339 writes it, in two parts, and the instant as epoch milliseconds where its offset is zero. */
const time = fc
  .record({
    instant: fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9998-12-31T00:00:00Z'),
      noInvalidDate: true,
    }),
    separator: fc.constantFrom('T', 't'),
    digits: fc.constantFrom('', '000'),
  })
  .map(({ instant, separator, digits }) => ({
    instant: instant.getTime(),
    text: instant.toISOString().slice(0, -1).replace('T', separator) + digits,
  }));

describe('a time of RFC 3339', () => {
  test('is the same instant whichever zone the node has, and its offset counts', () => {
    fc.assert(
      fc.property(time, offset, ({ instant, text }, zone) => {
        const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? [];
        const shift = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
        const expected = instant - shift;
        expect(readInEachZone(() => parseTimestamp(text + zone))).toEqual([expected, expected, expected]);
      }),
      { numRuns },
    );
  });

  test('is never accepted without a zone, however it is written', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          time.map(({ text }) => text),
          time.map(({ text }) => text.slice(0, 10)),
          time.map(({ text }) => text.slice(0, 16)),
          time.map(({ text }) => text.replace(/t/i, ' ')),
          time.map(({ instant }) => new Date(instant).toUTCString().replace(' GMT', '')),
          makeAnyText(30).filter((text) => !/(?:z|[+-]\d\d:\d\d)$/i.test(text)),
        ),
        (text) => {
          expect(readInEachZone(() => parseTimestamp(text))).toEqual([null, null, null]);
        },
      ),
      { numRuns },
    );
  });

  test('is read by this test in zones that differ', () => {
    const local = readInEachZone(() => new Date('2026-01-01T00:00:00').getTime());
    expect(new Set(local).size).toBe(ZONES.length);
  });

  test.each([
    ['2026-11-25T17:10:09Z', Date.UTC(2026, 10, 25, 17, 10, 9)],
    ['2026-11-25T17:10Z', Date.UTC(2026, 10, 25, 17, 10)],
    ['2026-11-25T17:10:09.5+01:00', Date.UTC(2026, 10, 25, 16, 10, 9, 500)],
    ['2026-11-25T17:10:09.123999-00:30', Date.UTC(2026, 10, 25, 17, 40, 9, 123)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['0050-01-01T00:00:00Z', new Date('0050-01-01T00:00:00Z').getTime()],
  ])('may be %s', (text, expected) => {
    expect(parseTimestamp(text)).toBe(expected);
  });

  test.each([
    '',
    '2026-11-25',
    '2026-11-25T17:10:09',
    '2026-11-25T17:10:09+0100',
    '2026-11-25T17:10:09 Z',
    '2026-11-25T17:10:09Z\n',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.Z',
    '+002026-01-01T00:00:00Z',
    'Thu, 01 Jan 2026 00:00:00 GMT',
  ])('is not %j', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});

describe('a date of HTTP', () => {
  test('is the same instant whichever zone the node has', () => {
    for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT']) {
      const expected = Date.UTC(1994, 10, 6, 8, 49, 37);
      expect(readInEachZone(() => parseHttpDate(text))).toEqual([expected, expected, expected]);
    }
  });

  test.each(['', 'soon', 'GMT', 'soon GMT', 'Sun Nov  6 08:49:37 1994', 'Sun, 06 Nov 1994 08:49:37'])(
    'is not %j',
    (text) => {
      expect(readInEachZone(() => parseHttpDate(text))).toEqual([null, null, null]);
    },
  );
});
