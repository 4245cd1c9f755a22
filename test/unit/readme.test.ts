// What the README claims to have, held to what there is.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFigures, rowsOf } from '../bench/record.ts';
import type { Row } from '../bench/row.ts';

const README = readFileSync(path.join(import.meta.dirname, '../../README.md'), 'utf8');

describe('the security tests of the README', () => {
  const [, chapter = ''] = /^## Security tests$(.*?)^## /ms.exec(README) ?? [];
  const rows = [...chapter.matchAll(/^\| (?<concern>.+?) \| `(?<file>.+?)` \| (?<name>.+?) \|$/gm)].map(
    ({ groups }) => groups as { concern: string; file: string; name: string },
  );

  test('are many', () => expect(rows.length).toBeGreaterThan(20));

  test.each(rows)('$concern: $file has that test', ({ file, name }) => {
    expect(readFileSync(path.join(import.meta.dirname, '..', file), 'utf8')).toContain(name);
  });
});

describe('a figure of the README', () => {
  const recorded = new Map(rowsOf(readFigures()).map((row) => [`${row.bench} ${row.row}`, row]));
  const find = (name: string): Row => {
    const row = recorded.get(name);
    if (row === undefined) throw new Error(`no row ${name} was recorded: npm run bench -- NAME --record`);
    return row;
  };
  const claims = [
    ...README.matchAll(
      /^\| (?<what>.+) \| (?<most>[\d.]+) (?<unit>\S+) \| \[`(?<name>.+?)`\]\(test\/bench\/README\.md#(?<bench>\w+)\) \|$/gm,
    ),
  ].map(({ groups }) => groups as Record<'what' | 'most' | 'unit' | 'name' | 'bench', string>);

  test('stands in each line of its chapter', () => {
    const [, chapter = ''] = /^## Figures$(.*?)^## /ms.exec(README) ?? [];
    expect(claims.length).toBeGreaterThan(5);
    expect(chapter.match(/^\| /gm)).toHaveLength(claims.length + 1);
  });

  test.each(claims)('is not better than what was measured: $what', ({ most, unit, name, bench }) => {
    const row = find(name);
    expect(row.bench).toBe(bench);
    expect(unit).toBe(row.reference === null ? row.unit : '×');
    expect(row.ratio).toBeLessThanOrEqual(Number(most));
  });

  const SECONDS: Readonly<Record<string, number>> = { s: 1, ms: 1000 };
  const sentences = README.replaceAll(/^```.*?^```$/gms, '').match(/within a second\b.{0,50}/gs) ?? [];

  test('is behind each “within a second”', () => expect(sentences.length).toBeGreaterThan(1));

  test.each(sentences)('names its row: %s', (sentence) => {
    const row = find(/\(`(.+?)`\)/.exec(sentence)?.[1] ?? sentence);
    expect(row.ratio).toBeLessThanOrEqual(SECONDS[row.unit] ?? Number.NaN);
  });
});
