// What becomes of groups and memberships.
import { CANARY } from '../policy/groups/canary.ts';
import type { DesiredState } from '../policy/model.ts';
import { isNotInStore } from '../policy/leftovers.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { ActualState } from './actual.ts';
import type { Change } from './change.ts';
import type { ManagedAccounts } from './managed-accounts.ts';
import { DISABLED_BECAUSE } from './plan-account.ts';

/**
 * The managed group, the desired groups and those that end. Members that are not managed stay: a local account
 * that an administrator put into a group is not this program's business.
 */
export function planGroups(desired: DesiredState, actual: ActualState, managed: ManagedAccounts): Change[] {
  // Where the name or gid of the managed group is a local group's, it is neither made nor filled.
  const isManagedGroupOwn = !desired.refusals.some(({ code }) => code === 'marker-taken');
  // Without accounts there is no managed group: a node that never read the store stays as it was.
  const isManagedGroupDue = desired.accounts.length > 0 || actual.groups.has(desired.managedGroup.name);
  const changes =
    isManagedGroupOwn && isManagedGroupDue
      ? planGroup({ ...desired.managedGroup, scimId: null, sudo: false }, actual, managed)
      : [];
  for (const group of desired.groups) append(changes, planGroup(group, actual, managed));
  for (const { kind, name, scimId, fate } of desired.leftovers) {
    const present = actual.groups.get(name);
    if (kind !== 'group' || present === undefined || name === desired.managedGroup.name) continue;
    if (fate === 'leave')
      append(changes, removeMembers(present, new Set(), managed, 'is disabled', hasNoAccess));
    if (fate === 'drop') {
      const dropped = 'only accounts that an operator dropped have this group';
      changes.push({ scimId, name, kind: 'group-remove', gid: present.gid, because: dropped });
    }
    if (fate !== 'remove' || desired.groups.some((group) => group.name === name)) continue;
    append(changes, removeMembers(present, new Set(), managed, 'the group goes'));
    const because = 'the configuration or the store no longer has this group';
    changes.push({ scimId, name, kind: 'group-remove', gid: present.gid, because });
  }
  return changes;
}

const OTHER_PRIMARY = 'the primary group is another one';
const LISTED = 'the store lists this member';
const FOR_CANARY = 'its trial logins go the way of a user’s (canary.every)';

interface WantedGroup extends GroupEntry {
  readonly scimId: string | null;
  readonly sudo: boolean;
}

function planGroup(group: WantedGroup, actual: ActualState, managed: ManagedAccounts): Change[] {
  const { scimId, name, gid, members, sudo } = group;
  const present = actual.groups.get(name);
  const changes: Change[] = [];
  if (present === undefined) {
    const because = sayReason(group, managed);
    changes.push({ scimId, name, kind: 'group-create', gid, because });
  } else if (present.gid !== gid) {
    const because = 'an operator decided so (sunk-agent rebind)';
    changes.push({ scimId, name, kind: 'group-alter', before: present.gid, gid, because });
  }
  const before = new Set(present?.members ?? []);
  if (present !== undefined) {
    // Outside of the managed group a person's own key file would count again (sshd_config Match) while the line stands.
    const keepsLine = (member: string): boolean => scimId === null && actual.accounts.has(member);
    const concerns = (member: string): boolean =>
      managed.leftovers.get(member)?.fate !== 'deny' || !keepsLine(member);
    append(
      changes,
      removeMembers(present, new Set(members), managed, 'the store no longer lists this member', concerns),
    );
  }
  for (const member of members) {
    if (before.has(member)) continue;
    const because = member === CANARY ? FOR_CANARY : scimId === null ? OTHER_PRIMARY : LISTED;
    changes.push({ scimId: managed.idOf(member), name, kind: 'member-add', member, because, sudo });
  }
  return changes;
}

function sayReason({ scimId }: WantedGroup, { desired }: ManagedAccounts): string {
  if (scimId === null) return 'every managed account is in it';
  const isPersonal = desired.values().some((account) => account.scimId === scimId);
  return isPersonal ? 'the primary group of an account' : 'the store has this group';
}

function removeMembers(
  present: GroupEntry,
  wanted: ReadonlySet<string>,
  managed: ManagedAccounts,
  because: string,
  concerns: (member: string, managed: ManagedAccounts) => boolean = () => true,
): Change[] {
  return present.members.flatMap((member) => {
    const scimId = managed.idOf(member);
    if (wanted.has(member) || scimId === null || !concerns(member, managed)) return [];
    // Not managed: the managed group is what keeps sshd from that account's own key file, and the lists of others are theirs.
    if (isNotInStore({ scimId })) return [];
    if (!managed.desired.has(member) && managed.leftovers.get(member)?.fate === 'leave') return [];
    const disabled = managed.desired.get(member)?.disabled ?? null;
    const why = disabled === null ? because : DISABLED_BECAUSE[disabled];
    return [{ scimId, name: present.name, kind: 'member-remove', member, because: why }];
  });
}

/**
 * A disabled or removed account is in no group, not even in one that the store did not report. Nor is a name that a
 * rename has freed: the next person of that name must not inherit the membership. The renamed person is back in that
 * group once the store reports it again.
 */
function hasNoAccess(member: string, managed: ManagedAccounts): boolean {
  if (managed.renamed.has(member)) return true;
  return (
    (managed.desired.get(member)?.disabled ?? null) !== null ||
    managed.leftovers.get(member)?.fate === 'remove'
  );
}

/** One by one: the arguments of one call are bounded, the members of a group are not. */
function append(changes: Change[], more: readonly Change[]): void {
  for (const change of more) changes.push(change);
}
