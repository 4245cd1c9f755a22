// What is easy to get wrong has one copy in the sources: reading a time, matching a glob, telling a changed file. Another copy fails here.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCES = path.resolve(import.meta.dirname, '../../src');

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Where it is, below `src/`: all of them, and each once at least. */
  readonly home: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    what: 'a date in a text is read',
    // `Date.parse` takes a time without a zone for local time, and February 30 for a day.
    pattern: /\bDate\.parse\(|\bnew Date\(\s*['"`]/,
    home: ['common/text/timestamp.ts'],
  },
  {
    what: 'the stars of a glob become a regular expression',
    pattern: /\breplace(?:All)?\(\s*(?:'\*'|"\*"|\/\\\*\/g?)/,
    home: ['common/text/glob.ts'],
  },
  {
    what: 'a file is told to be unchanged by its times',
    pattern: /\b[acm]timeNs\b|\bctimeMs\b|\.ino\b.*\bmtime/,
    home: ['host/fs/file-stamp.ts'],
  },
];

// The testbed is a program of its own, and stands for another vendor's.
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('testbed/'),
);

test('there are sources to search', () => {
  expect(files.length).toBeGreaterThan(200);
});

describe('the one place where', () => {
  test.each(RULES)('$what', ({ pattern, home }) => {
    const found = files.filter((file) => pattern.test(readFileSync(path.join(SOURCES, file), 'utf8')));
    expect(found.sort()).toEqual(home);
  });
});
