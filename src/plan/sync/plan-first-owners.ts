// Which first owners of keys a sync records and forgets.
import { readOperatorOverrides } from '../../policy/access.ts';
import { type FirstOwnerChanges, updateFirstOwners } from '../../policy/keys/first-owners.ts';
import { readKeys } from '../../policy/keys/ssh-key.ts';
import type { DesiredState } from '../../policy/model.ts';
import type { ActualState } from '../actual.ts';
import type { Change } from '../change.ts';
import { listLeavingKeys } from '../plan-keys.ts';
import type { SyncInput } from './plan-sync.ts';

/** Of the planned changes, held ones too: a key that is about to leave its file has had an owner. */
export function planFirstOwners(
  {
    users,
    bindings,
    former,
    firstOwners,
    config,
    blocked,
    now,
  }: Pick<SyncInput, 'users' | 'bindings' | 'former' | 'firstOwners' | 'config' | 'blocked' | 'now'>,
  changes: readonly Change[],
  { refusals }: Pick<DesiredState, 'refusals'>,
  { keyFiles }: Pick<ActualState, 'keyFiles'>,
): FirstOwnerChanges {
  const shared = refusals.flatMap(({ code, scimId, fingerprint }) =>
    code === 'key-shared' && fingerprint !== undefined ? [{ scimId, fingerprint }] : [],
  );
  const overrides = readOperatorOverrides(config, blocked);
  return updateFirstOwners({
    recorded: firstOwners,
    leaving: listLeavingKeys(changes, keyFiles),
    shared,
    users,
    bindings,
    former,
    listKeys: ({ record, readings }, name) => {
      const { addKeys } = overrides.rulesFor(record, name);
      return addKeys.length === 0 ? readings : [...readings, ...readKeys(addKeys)];
    },
    retention: config.accounts.retention,
    now,
  });
}
