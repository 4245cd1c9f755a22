// The managed group: who is listed in it, and what follows where it belongs to the node itself.
import { compare } from '../../common/text/compare.ts';
import type { Config } from '../../config/config.ts';
import type { DesiredAccount, DesiredState, NodeFacts, Refusal } from '../model.ts';
import { CANARY, isCanary } from './canary.ts';

/** The canary is a member, since sshd's rules for managed accounts are what it has to prove. */
export function fillManagedGroup(
  { accounts: { backend, primary_group: name, primary_gid: gid }, canary }: Config,
  accounts: readonly DesiredAccount[],
  { foreignAccounts }: NodeFacts,
): DesiredState['managedGroup'] {
  const listed = accounts.filter(({ needsManagedGroup }) => needsManagedGroup).map(({ entry }) => entry.name);
  const hasCanary = backend === 'local' && canary.every !== null && foreignAccounts.some(isCanary);
  return { name, gid, members: hasCanary ? [...listed, CANARY].sort(compare) : listed };
}

export function isManagedGroupTaken({ accounts }: Config, { foreignGroups }: NodeFacts): boolean {
  return foreignGroups.some(
    ({ name, gid }) => name === accounts.primary_group || gid === accounts.primary_gid,
  );
}

export const MANAGED_GROUP_TAKEN: Refusal = {
  scimId: '',
  kind: 'Group',
  code: 'marker-taken',
  detail:
    'a local group has the name or gid of accounts.primary_group: no access is granted until one of them changes',
};
