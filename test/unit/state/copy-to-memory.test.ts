// A copy of the state database in memory: all of it, also what was written last; and what it learns stays in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type StateDatabase, openStateDatabase } from '../../../src/state/state.ts';
import { makeBinding, NOW } from '../../support/records/organisation.ts';
import { makeUser } from '../../support/records/people.ts';

function open(): StateDatabase {
  const directory = mkdtempSync(path.join(tmpdir(), 'copy-'));
  const state = openStateDatabase(path.join(directory, 'cache'), NOW, 'this node');
  onTestFinished(() => {
    state.close();
    rmSync(directory, { recursive: true });
  });
  return state;
}

/** Ingests these people, and writes a sync with its history. */
function writeSync(state: StateDatabase, names: readonly string[]): void {
  const n = state.beginSync(NOW);
  const batch = state.openBatch({ now: NOW, maxAge: null, absences: 2 });
  for (const name of names) batch.add('User', { kind: 'good', record: makeUser(name), warnings: [] });
  batch.commit(true);
  state.bind(names.map((name) => makeBinding(name, 20_000 + name.charCodeAt(0))));
  const row = { at: NOW, kind: 'account-add', because: 'the store lists this person', problem: null };
  state.endSync(
    n,
    { n },
    names.map((name) => ({ ...row, name, scimId: name })),
  );
}

const whole = (state: StateDatabase) => ({
  users: state.users().map(({ record, confirmedAt }) => ({ record, confirmedAt })),
  bindings: state.bindings(),
  hash: state.snapshotHash(),
  history: state.history({ limit: 100 }),
  lastSync: state.lastSync('any', () => true),
});

test('a copy has what the file has, and neither learns from the other', () => {
  const state = open();
  writeSync(state, ['alice', 'bob']);
  const before = whole(state);
  const copy = state.copyToMemory();
  expect(whole(copy)).toEqual(before);
  writeSync(copy, ['carol']);
  expect(copy.users()).toHaveLength(3);
  expect(copy.history({ limit: 100 })).toHaveLength(3);
  expect(whole(state)).toEqual(before);
  writeSync(state, ['dave']);
  expect(copy.users().map(({ record }) => record.id)).not.toContain('dave');
  copy.close();
  expect(state.users()).toHaveLength(3);
});

test('a copy of an empty state database can be worked with', () => {
  const copy = open().copyToMemory();
  writeSync(copy, ['alice']);
  expect(copy.users()).toHaveLength(1);
  expect(copy.isInPlace()).toBe(true);
  copy.close();
});
