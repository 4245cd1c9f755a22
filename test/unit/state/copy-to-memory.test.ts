// A copy of the mirror in memory: all of it, also what was written last; and what it learns stays in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type StateDatabase, openStateDatabase } from '../../../src/state/state.ts';
import { makeBinding, NOW } from '../../support/records/organisation.ts';
import { makeUser } from '../../support/records/people.ts';

function open(): StateDatabase {
  const directory = mkdtempSync(path.join(tmpdir(), 'copy-'));
  const mirror = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
  onTestFinished(() => {
    mirror.close();
    rmSync(directory, { recursive: true });
  });
  return mirror;
}

/** Takes these people, and writes a pass with its history. */
function pass(mirror: StateDatabase, names: readonly string[]): void {
  const n = mirror.beginSync(NOW);
  const take = mirror.openBatch({ now: NOW, maxAge: null, absences: 2 });
  for (const name of names) take.add('User', { kind: 'good', record: makeUser(name), warnings: [] });
  take.commit(true);
  mirror.bind(names.map((name) => makeBinding(name, 20_000 + name.charCodeAt(0))));
  const row = { at: NOW, kind: 'account-add', because: 'the store lists this person', problem: null };
  mirror.endSync(
    n,
    { n },
    names.map((name) => ({ ...row, name, scimId: name })),
  );
}

const whole = (mirror: StateDatabase) => ({
  users: mirror.users().map(({ record, confirmedAt }) => ({ record, confirmedAt })),
  bindings: mirror.bindings(),
  hash: mirror.snapshotHash(),
  history: mirror.history({ limit: 100 }),
  lastPass: mirror.lastSync('any', () => true),
});

test('a copy has what the file has, and neither learns from the other', () => {
  const mirror = open();
  pass(mirror, ['alice', 'bob']);
  const before = whole(mirror);
  const copy = mirror.copyToMemory();
  expect(whole(copy)).toEqual(before);
  pass(copy, ['carol']);
  expect(copy.users()).toHaveLength(3);
  expect(copy.history({ limit: 100 })).toHaveLength(3);
  expect(whole(mirror)).toEqual(before);
  pass(mirror, ['dave']);
  expect(copy.users().map(({ record }) => record.id)).not.toContain('dave');
  copy.close();
  expect(mirror.users()).toHaveLength(3);
});

test('a copy of an empty mirror can be worked with', () => {
  const copy = open().copyToMemory();
  pass(copy, ['alice']);
  expect(copy.users()).toHaveLength(1);
  expect(copy.isInPlace()).toBe(true);
  copy.close();
});
