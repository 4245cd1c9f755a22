// The members of each group who may log in, by account name.
import type { DesiredAccount, DesiredGroup } from '../model.ts';
import type { ChosenGroup } from './new-groups.ts';

/** Names of enabled accounts by SCIM id. */
export function listEnabled(accounts: readonly DesiredAccount[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { scimId, entry, disabled } of accounts) if (disabled === null) names.set(scimId, entry.name);
  return names;
}

/** Names of the members who may log in, sorted, each once. */
export function findMembers(
  members: readonly string[],
  enabled: ReadonlyMap<string, string>,
): readonly string[] {
  const names = new Set<string>();
  for (const id of members) {
    const name = enabled.get(id);
    if (name !== undefined) names.add(name);
  }
  // By code units, as `compare` orders.
  return [...names].sort();
}

/** The groups of the store, each with its members who may log in. */
export function fillGroups(
  chosen: readonly ChosenGroup[],
  accounts: readonly DesiredAccount[],
): DesiredGroup[] {
  const enabled = listEnabled(accounts);
  return chosen.map(({ record, name, gid, sudo }) => ({
    scimId: record.id,
    name,
    gid,
    members: findMembers(record.members, enabled),
    sudo,
  }));
}
