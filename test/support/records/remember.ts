// Puts records into a state database as a complete sync would: for tests that need no store.
import path from 'node:path';
import { openStateDatabase } from '../../../src/state/state.ts';
import type { StoredGroup, StoredUser } from '../../../src/policy/model.ts';

/** Who is not among the records is absent from then on. `now` in epoch seconds. */
export function rememberRecords(
  root: string,
  users: readonly Pick<StoredUser, 'record'>[],
  groups: readonly Pick<StoredGroup, 'record'>[],
  now = Math.floor(Date.now() / 1000),
): void {
  const state = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), now, 'this node');
  const batch = state.openBatch({ now, maxAge: 604_800, absences: 1 });
  for (const { record } of users) batch.add('User', { kind: 'good', record, warnings: [] });
  for (const { record } of groups) batch.add('Group', { kind: 'good', record, warnings: [] });
  for (const suspect of batch.suspects({ User: true, Group: true })) batch.confirmAbsence(suspect);
  batch.commit(true);
  state.close();
}
