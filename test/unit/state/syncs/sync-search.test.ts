import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type StateDatabase, openStateDatabase, viewState } from '../../../../src/state/state.ts';

interface Report {
  readonly mode: 'full' | 'delta';
  readonly at: number;
}

let directory: string;
let state: StateDatabase;
let shown: number[];

beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), 'syncs-')), 'cache');
  state = openStateDatabase(directory, 1_800_000_000, 'this node');
  shown = [];
});
afterEach(() => {
  state.close();
  rmSync(path.dirname(directory), { recursive: true });
});

function writeSync(mode: Report['mode'], at: number, by = state): void {
  by.endSync(by.beginSync(at), { mode, at } satisfies Report, []);
}

function isFull({ mode, at }: Report): boolean {
  shown.push(at);
  return mode === 'full';
}

test('the newest sync of a kind is found, and each sync is looked at once', () => {
  expect(state.lastSync('full', isFull)).toBeNull();
  writeSync('full', 1);
  writeSync('delta', 2);
  writeSync('delta', 3);
  expect(state.lastSync('full', isFull)?.at).toBe(1);
  expect(shown).toEqual([3, 2, 1]);
  writeSync('delta', 4);
  expect(state.lastSync('full', isFull)?.at).toBe(1);
  expect(shown).toEqual([3, 2, 1, 4]);
  writeSync('full', 5);
  expect(state.lastSync('full', isFull)?.at).toBe(5);
  // Another question has to see them all.
  expect(state.lastSync<Report>('the second', ({ at }) => at === 2)?.at).toBe(2);
});

test('a sync that was under way at the time of a query is seen when it has ended', () => {
  writeSync('full', 1);
  const n = state.beginSync(2);
  expect(state.lastSync('full', isFull)?.at).toBe(1);
  state.endSync(n, { mode: 'full', at: 2 } satisfies Report, []);
  expect(state.lastSync('full', isFull)?.at).toBe(2);
});

test('syncs that another process made are seen too', () => {
  writeSync('full', 1);
  const view = viewState(directory);
  expect(view.lastSync('full', isFull)?.at).toBe(1);
  writeSync('full', 2);
  expect(view.lastSync('full', isFull)?.at).toBe(2);
  view.close();
});
