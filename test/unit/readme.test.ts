// What the documents claim to have, held to what there is.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFigures, rowsOf } from '../bench/record.ts';
import type { Row } from '../bench/row.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const README = read('README.md');
const OPERATING = read('packaging/OPERATING.md');
const chapterOf = (text: string, title: string): string =>
  text.split(/^## /m).find((chapter) => chapter.startsWith(`${title}\n`)) ?? '';

const recorded = new Map(rowsOf(readFigures()).map((row) => [`${row.bench} ${row.row}`, row]));
const findRow = (name: string): Row => {
  const row = recorded.get(name);
  if (row === undefined) throw new Error(`no row ${name} was recorded: npm run bench -- NAME --record`);
  return row;
};

test('the README is short', () => expect(Buffer.byteLength(README)).toBeLessThanOrEqual(9000));

describe('a promise of the README', () => {
  const rows = [...chapterOf(README, 'Promises').matchAll(/^\| (?<promise>.+?) \| `(?<file>.+?)` \|$/gm)].map(
    ({ groups }) => groups as { promise: string; file: string },
  );

  test('has its test', () => {
    expect(rows).toHaveLength(6);
    for (const { file } of rows) expect(read(`test/${file}`)).toMatch(/\b(?:test|it)\b/);
  });

  test('has its figure, where it is one of speed', () => {
    const names = rows.flatMap(({ promise }) =>
      [...promise.matchAll(/\[`(.+?)`\]/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) findRow(name ?? '');
  });
});

test('the README compares the key helpers as they were measured in one run', () => {
  const round = (value: number): string => `${Number(value.toPrecision(2))} ms`;
  const [sssd, google] = ['login helper-vs-sss', 'login helper-vs-google'].map(findRow);
  const [, ...cells] = /^\| time of the key helper \| - \| (.+?) \| (.+?) \| \[(.+?)\]/m.exec(README) ?? [];
  expect(cells).toEqual([
    round(sssd?.reference ?? Number.NaN),
    round(google?.reference ?? Number.NaN),
    round(sssd?.measured ?? Number.NaN),
  ]);
});

describe('the security tests of SECURITY.md', () => {
  const chapter = chapterOf(read('SECURITY.md'), 'Security tests');
  const rows = [...chapter.matchAll(/^\| (?<concern>.+?) \| `(?<file>.+?)` \| (?<name>.+?) \|$/gm)].map(
    ({ groups }) => groups as { concern: string; file: string; name: string },
  );

  test('are many', () => expect(rows.length).toBeGreaterThan(20));

  test.each(rows)('$concern: $file has that test', ({ file, name }) => {
    expect(read(`test/${file}`)).toContain(name);
  });
});

describe('a figure of OPERATING.md', () => {
  const chapter = chapterOf(OPERATING, 'Figures');
  const claims = [
    ...chapter.matchAll(
      /^\| (?<what>.+) \| (?<most>[\d.]+) (?<unit>\S+) \| \[`(?<name>.+?)`\]\(\.\.\/test\/bench\/README\.md#(?<bench>\w+)\) \|$/gm,
    ),
  ].map(({ groups }) => groups as Record<'what' | 'most' | 'unit' | 'name' | 'bench', string>);

  test('stands in each line of its chapter', () => {
    expect(claims.length).toBeGreaterThan(5);
    expect(chapter.match(/^\| /gm)).toHaveLength(claims.length + 1);
  });

  test.each(claims)('is not better than what was measured: $what', ({ most, unit, name, bench }) => {
    const row = findRow(name);
    expect(row.bench).toBe(bench);
    expect(unit).toBe(row.reference === null ? row.unit : '×');
    expect(row.ratio).toBeLessThanOrEqual(Number(most));
  });
});

describe('“within a second”', () => {
  const SECONDS: Readonly<Record<string, number>> = { s: 1, ms: 1000 };
  const sentences = [README, OPERATING].flatMap(
    (text) => text.replaceAll(/^```.*?^```$/gms, '').match(/within a second\b.{0,50}/gs) ?? [],
  );

  test('is claimed', () => expect(sentences.length).toBeGreaterThan(1));

  test.each(sentences)('names its row: %s', (sentence) => {
    const row = findRow(/\(`(.+?)`\)/.exec(sentence)?.[1] ?? sentence);
    expect(row.ratio).toBeLessThanOrEqual(SECONDS[row.unit] ?? Number.NaN);
  });
});

describe('a map of the code names files that exist', () => {
  const files = new Set(
    globSync('{src,test,packaging}/**/*.ts', { cwd: ROOT }).map((file) => path.basename(file)),
  );

  test.each(globSync('src/**/README.md', { cwd: ROOT }))('%s', (map) => {
    const named = [...read(map).matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => path.basename(name));
    expect(named.filter((name) => !files.has(name))).toEqual([]);
  });
});
