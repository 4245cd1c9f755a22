import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type StateDatabase, openStateDatabase, viewState } from '../../../src/state/state.ts';

interface Report {
  readonly mode: 'full' | 'delta';
  readonly at: number;
}

let directory: string;
let mirror: StateDatabase;
let shown: number[];

beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), 'passes-')), 'cache');
  mirror = openStateDatabase(directory, 1_800_000_000, 'this node');
  shown = [];
});
afterEach(() => {
  mirror.close();
  rmSync(path.dirname(directory), { recursive: true });
});

function pass(mode: Report['mode'], at: number, by = mirror): void {
  by.endSync(by.beginSync(at), { mode, at } satisfies Report, []);
}

function isFull({ mode, at }: Report): boolean {
  shown.push(at);
  return mode === 'full';
}

test('the newest pass of a kind is found, and each pass is looked at once', () => {
  expect(mirror.lastSync('full', isFull)).toBeNull();
  pass('full', 1);
  pass('delta', 2);
  pass('delta', 3);
  expect(mirror.lastSync('full', isFull)?.at).toBe(1);
  expect(shown).toEqual([3, 2, 1]);
  pass('delta', 4);
  expect(mirror.lastSync('full', isFull)?.at).toBe(1);
  expect(shown).toEqual([3, 2, 1, 4]);
  pass('full', 5);
  expect(mirror.lastSync('full', isFull)?.at).toBe(5);
  // Another question has to see them all.
  expect(mirror.lastSync<Report>('the second', ({ at }) => at === 2)?.at).toBe(2);
});

test('a pass that was under way when somebody asked is seen when it has ended', () => {
  pass('full', 1);
  const n = mirror.beginSync(2);
  expect(mirror.lastSync('full', isFull)?.at).toBe(1);
  mirror.endSync(n, { mode: 'full', at: 2 } satisfies Report, []);
  expect(mirror.lastSync('full', isFull)?.at).toBe(2);
});

test('passes that another process made are seen too', () => {
  pass('full', 1);
  const view = viewState(directory);
  expect(view.lastSync('full', isFull)?.at).toBe(1);
  pass('full', 2);
  expect(view.lastSync('full', isFull)?.at).toBe(2);
  view.close();
});
