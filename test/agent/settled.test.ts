import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TakeCounts } from '../../src/mirror/take.ts';
import { watchSettled } from '../../src/agent/settled.ts';
import { parseConfig } from '../../src/config.ts';
import { pathsUnder } from '../../src/paths.ts';
import { makeReport, NOW } from './sample-report.ts';

const root = mkdtempSync(path.join(tmpdir(), 'settled-'));
afterAll(() => rmSync(root, { recursive: true }));

const { accounts } = parseConfig('scim: { base_url: "https://store.example" }', 'test');
const NOTHING: TakeCounts = { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0 };

/** What is recalled after a pass that agreed, when the store says this. */
function recall(taken: TakeCounts) {
  const settled = watchSettled(pathsUnder(root), accounts, { foreignVersion: () => 1 });
  const mark = settled.mark();
  settled.note(makeReport({ startedAt: NOW }), mark);
  return settled.recall({ ...makeReport().heard!, mode: 'event', taken }, settled.mark(), NOW + 1);
}

test('a host that agreed is left as it is where the store has no news', () => {
  expect(recall(NOTHING)).not.toBeNull();
});

test.each(Object.keys(NOTHING))('what is %s at the store is weighed at once', (count) => {
  expect(recall({ ...NOTHING, [count]: 1 })).toBeNull();
});
