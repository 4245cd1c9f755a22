// policy/ and plan/ hold no state: what a decision depends on is passed in.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../../../src');

/** Lines at the top level of a module that make something which can change later. */
function findState(text: string): string[] {
  return text.split('\n').filter((line) => {
    if (/^(?:export )?(?:let|var) /.test(line)) return true;
    if (!/^(?:export )?const /.test(line)) return false;
    // A list or table that begins empty is there to be filled.
    if (/= (?:\[\]|\{\});$/.test(line)) return true;
    if (!/new (?:WeakMap|WeakSet|WeakRef|Map|Set)\b/.test(line)) return false;
    return !/: Readonly(?:Map|Set)</.test(line);
  });
}

test.each(globSync(['policy/**/*.ts', 'plan/**/*.ts'], { cwd: SRC }))('%s', (file) => {
  expect(findState(readFileSync(path.join(SRC, file), 'utf8'))).toEqual([]);
});

test.each([
  'let last: string | null = null;',
  'export let count = 0;',
  'const known = new Map<string, number>();',
  'const memo = new WeakMap<object, string>();',
  'const seen: string[] = [];',
  'export const last: Record<string, number> = {};',
])('is told from a constant: %s', (line) => {
  expect(findState(`// a module\n${line}\n`)).toEqual([line]);
});

test('and a constant table is none', () => {
  expect(findState("const RANKS: ReadonlyMap<string, number> = new Map([['a', 1]]);\n")).toEqual([]);
});
