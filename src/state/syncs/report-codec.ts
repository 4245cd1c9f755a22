// The stored form of a sync's report: JSON under the keys of 0.1.0, which must be able to read it after a downgrade.

/** Stored key or value, and what this build calls it; in each object apart. */
const NAMES = {
  report: [['heard', 'fetched']],
  fetched: [['taken', 'ingested']],
  counts: [
    ['accountsOpen', 'accountsEnabled'],
    ['accountsClosed', 'accountsDisabled'],
  ],
  /** `cache` is a sync that asked no store. */
  mode: [['cache', 'state']],
} as const satisfies Record<string, readonly (readonly [stored: string, here: string])[]>;

/** Whether a stored report is of a sync that read the store completely, as a condition of SQL on table `pass`. */
export const STORED_IS_COMPLETE =
  "json_valid(report) AND json_extract(report, '$.heard.complete.User') = 1 " +
  "AND json_extract(report, '$.heard.complete.Group') = 1";

type Plain = Readonly<Record<string, unknown>>;

/** A report of this build to what is stored; the order of keys stays. */
export function encodeReport(report: object): string {
  return JSON.stringify(translate({ ...report }, 'stored'));
}

/**
 * What is stored to a report of this build. Keys that it does not know stay; what an older build left out is missing.
 * @param stored valid JSON
 * @returns null: it is no object.
 */
export function decodeReport(stored: string): object | null {
  const report: unknown = JSON.parse(stored);
  return isPlain(report) ? translate(report, 'here') : null;
}

function translate(report: Plain, to: 'stored' | 'here'): Plain {
  const translated = renameKeys(report, NAMES.report, to);
  const fetched = to === 'here' ? 'fetched' : 'heard';
  const replace = (key: string, change: (value: unknown) => unknown): void => {
    if (Object.hasOwn(translated, key)) translated[key] = change(translated[key]);
  };
  replace(fetched, (value) => (isPlain(value) ? renameKeys(value, NAMES.fetched, to) : value));
  replace('counts', (value) => (isPlain(value) ? renameKeys(value, NAMES.counts, to) : value));
  replace('mode', (value) => (typeof value === 'string' ? rename(value, NAMES.mode, to) : value));
  return translated;
}

type Pairs = readonly (readonly [string, string])[];

function renameKeys(object: Plain, pairs: Pairs, to: 'stored' | 'here'): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [rename(key, pairs, to), value]));
}

function rename(word: string, pairs: Pairs, to: 'stored' | 'here'): string {
  for (const [stored, here] of pairs) {
    if (word === (to === 'here' ? stored : here)) return to === 'here' ? here : stored;
  }
  return word;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
