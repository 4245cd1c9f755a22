// What makes a sync decide anew, and what does not.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FetchResult } from '../../../../src/agent/ingest/fetch-store.ts';
import { createChangeDetector } from '../../../../src/agent/reconcile/change-detector.ts';
import { parseConfig } from '../../../../src/config/config.ts';
import { pathsUnder } from '../../../../src/common/paths.ts';
import { makeReport, NOW } from '../../../support/records/sample-report.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'change-detector-'));
  mkdirSync(path.join(root, 'etc'));
  for (const zone of ['UTC', 'Tokyo']) writeFileSync(path.join(root, zone), zone);
});
afterEach(() => rmSync(root, { recursive: true }));

const { accounts } = parseConfig('scim: { base_url: "https://store.example" }', 'test');
const NOTHING = { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0, missed: 0 };

const watchRoot = (active: readonly number[] = []) =>
  createChangeDetector(pathsUnder(root), accounts, { foreignVersion: () => 1 }, () => new Set(active));

/** What is recalled after a sync that agreed, when the store says this. */
function recall(ingested: FetchResult['ingested'], active: readonly number[] = []) {
  const detector = watchRoot(active);
  const mark = detector.mark();
  detector.note(makeReport({ startedAt: NOW }), mark, [10_001]);
  return detector.recall({ ...makeReport().fetched!, mode: 'event', ingested }, detector.mark(), NOW + 1);
}

test('a host that agreed is left as it is where the store has no news', () => {
  expect(recall(NOTHING)).not.toBeNull();
});

test('a process of a disabled person that started later is decided on at the next poll', () => {
  expect(recall(NOTHING, [10_001])).toBeNull();
  expect(recall(NOTHING, [10_002])).not.toBeNull();
});

test.each(Object.keys(NOTHING))('what is %s at the store is decided at once', (count) => {
  expect(recall({ ...NOTHING, [count]: 1 })).toBeNull();
});

const setZone = (zone: string): void => {
  rmSync(path.join(root, 'etc/localtime'), { force: true });
  symlinkSync(path.join('..', zone), path.join(root, 'etc/localtime'));
};

test.each([
  ['the time zone is another', () => setZone('Tokyo')],
  ['accounts were written', () => writeFileSync(path.join(root, 'etc/passwd'), 'bob:x:1:1::/:/bin/sh\n')],
])('the mark of what a decision rests on is another when %s, and stays otherwise', (_, happen) => {
  setZone('UTC');
  const detector = watchRoot();
  const before = detector.mark();
  expect(detector.mark()).toBe(before);
  happen();
  expect(detector.mark()).not.toBe(before);
});
