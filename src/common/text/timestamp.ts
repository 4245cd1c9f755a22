// Times that others wrote, read the same in every time zone: a time without a zone is refused.

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?(?:Z|([+-])(\d\d):(\d\d))$/i;

const MINUTE_MS = 60_000;

/**
 * Epoch milliseconds of an RFC 3339 time such as `2026-11-25T17:10:09.5+01:00`; null for any other text. Seconds may be
 * missing, as in ISO 8601. Days that no calendar has, hour 24 and leap seconds are refused.
 */
export function parseTimestamp(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(toNumber);
  const millisecond = Number((match[7] ?? '').padEnd(3, '0'));
  const [offsetHours = 0, offsetMinutes = 0] = match.slice(9, 11).map(toNumber);
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return null;
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second, millisecond);
  const offset = (offsetHours * 60 + offsetMinutes) * MINUTE_MS;
  return match[8] === '-' ? date.getTime() + offset : date.getTime() - offset;
}

function toNumber(digits: string | undefined): number {
  return Number(digits ?? 0);
}

/**
 * Epoch milliseconds of a date in an HTTP header (RFC 9110 section 5.6.7); null for any other text. The obsolete form of
 * asctime(3) names no zone and is refused.
 */
export function parseHttpDate(text: string): number | null {
  const time = / (?:GMT|UTC|[+-]\d{4})$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
