// Puts records into a mirror as a complete pass over the store would: for tests that need no store.
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
  const mirror = openStateDatabase(path.join(root, 'var/lib/sunk-agent/cache'), now, 'this node');
  const take = mirror.openBatch({ now, maxAge: 604_800, absences: 1 });
  for (const { record } of users) take.add('User', { kind: 'good', record, warnings: [] });
  for (const { record } of groups) take.add('Group', { kind: 'good', record, warnings: [] });
  for (const suspect of take.suspects({ User: true, Group: true })) take.confirmAbsence(suspect);
  take.commit(true);
  mirror.close();
}
