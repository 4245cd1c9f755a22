// The difference between the host as it is and as it should be, as plain changes: revocations first, grants last.
import { compare } from '../common/text/compare.ts';
import { createKeyFileRenderer } from '../policy/keys/key-file.ts';
import type { DesiredState } from '../policy/model.ts';
import type { ActualState } from './actual.ts';
import { type Change, CHANGE_ORDER } from './change.ts';
import { planCarried } from './plan-carried.ts';
import { planAccount, planRemoval } from './plan-account.ts';
import { planGroups } from './plan-groups.ts';
import { planSudoers } from './plan-sudoers.ts';
import { planKeyFile, planStrayKeyFiles } from './plan-keys.ts';
import { readManagedAccounts } from './managed-accounts.ts';

/**
 * What must be done, in the order of CHANGE_ORDER and within it by name; empty when host and desired state agree. What is
 * neither desired nor a leftover that ends is left as it is.
 */
export function planChanges(desired: DesiredState, actual: ActualState): Change[] {
  const managed = readManagedAccounts(desired, actual);
  const render = createKeyFileRenderer(desired.expiry);
  const changes: Change[] = [];
  for (const account of desired.accounts) {
    const { name } = account.entry;
    const present = actual.accounts.get(managed.formerNames.get(name) ?? name) ?? null;
    for (const change of planAccount(account, present, desired, actual)) changes.push(change);
    const keyFile = actual.keyFiles.get(name) ?? null;
    for (const change of planKeyFile(account, keyFile, render)) changes.push(change);
  }
  for (const { kind, name, scimId, fate } of desired.leftovers) {
    if (kind !== 'account' || managed.renamed.has(name) || managed.desired.has(name)) continue;
    if (fate === 'remove' || fate === 'drop')
      changes.push(...planRemoval(name, scimId, fate, desired, actual));
  }
  const groups = planGroups(desired, actual, managed);
  return sortChanges([
    ...changes,
    ...planStrayKeyFiles(managed, actual),
    ...groups,
    ...planCarried(desired),
    ...planSudoers(groups, desired, actual),
  ]);
}

/** In the order of applying; within a kind by name, then by member. Accounts come by name, so each kind nearly is so. */
function sortChanges(changes: readonly Change[]): Change[] {
  const byKind = Map.groupBy(changes, ({ kind }) => kind);
  const order = (a: Change, b: Change): number =>
    compare(a.name, b.name) || compare('member' in a ? a.member : '', 'member' in b ? b.member : '');
  return CHANGE_ORDER.flatMap((kind) => byKind.get(kind)?.sort(order) ?? []);
}
