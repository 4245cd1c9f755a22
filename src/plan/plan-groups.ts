// What becomes of groups and memberships.
import type { DesiredState } from '../policy/model.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { ActualState } from './actual.ts';
import type { Change } from './change.ts';
import type { ManagedAccounts } from './managed-accounts.ts';
import { DISABLED_BECAUSE } from './plan-account.ts';

/**
 * The marker, the desired groups and those whose time is over. Members that are not ours stay: a local account
 * that an administrator put into a group is none of our business. `group-create` for a group that has a line gives
 * that line its gid.
 */
export function planGroups(desired: DesiredState, actual: ActualState, managed: ManagedAccounts): Change[] {
  // Where the marker's name or gid is a local group's, that group is not ours to make or fill.
  const isMarkerOurs = !desired.refusals.some(({ code }) => code === 'marker-taken');
  // Nobody yet, no marker yet: a node that has not heard the store stays as it was.
  const isMarkerDue = desired.accounts.length > 0 || actual.groups.has(desired.managedGroup.name);
  const changes =
    isMarkerOurs && isMarkerDue
      ? planGroup({ ...desired.managedGroup, scimId: null, sudo: false }, actual, managed)
      : [];
  for (const group of desired.groups) append(changes, planGroup(group, actual, managed));
  for (const { kind, name, scimId, fate } of desired.leftovers) {
    const present = actual.groups.get(name);
    if (kind !== 'group' || present === undefined || name === desired.managedGroup.name) continue;
    if (fate === 'leave') append(changes, removeMembers(present, new Set(), managed, 'is out', isOut));
    if (fate !== 'remove' || desired.groups.some((group) => group.name === name)) continue;
    append(changes, removeMembers(present, new Set(), managed, 'the group goes'));
    const because = 'the configuration or the store no longer has this group';
    changes.push({ scimId, name, kind: 'group-remove', gid: present.gid, because });
  }
  return changes;
}

interface WantedGroup extends GroupEntry {
  readonly scimId: string | null;
  readonly sudo: boolean;
}

function planGroup(group: WantedGroup, actual: ActualState, managed: ManagedAccounts): Change[] {
  const { scimId, name, gid, members, sudo } = group;
  const present = actual.groups.get(name);
  const changes: Change[] = [];
  if (present === undefined || present.gid !== gid) {
    const because = scimId === null ? 'every managed account is in it' : 'the store has this group';
    changes.push({ scimId, name, kind: 'group-create', gid, because });
  }
  if (present !== undefined && isSameMembers(present.members, members)) return changes;
  const before = new Set(present?.members ?? []);
  if (present !== undefined) {
    // Out of the marker, the own key file of somebody whose line still stands would open it again (sshd_config Match).
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
    const because = scimId === null ? 'the primary group is another one' : 'the store lists this member';
    changes.push({ scimId: managed.idOf(member), name, kind: 'member-add', member, because, sudo });
  }
  return changes;
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
    if (!managed.desired.has(member) && managed.leftovers.get(member)?.fate === 'leave') return [];
    const disabled = managed.desired.get(member)?.disabled ?? null;
    const why = disabled === null ? because : DISABLED_BECAUSE[disabled];
    return [{ scimId, name: present.name, kind: 'member-remove', member, because: why }];
  });
}

/**
 * Closed or gone: such a one is in no group, even in one about which nothing was heard. So is a name that a rename has
 * freed, for the next one of that name must not find a place there; whoever had it is back in that group when the
 * store tells of it again.
 */
function isOut(member: string, managed: ManagedAccounts): boolean {
  if (managed.renamed.has(member)) return true;
  return (
    (managed.desired.get(member)?.disabled ?? null) !== null ||
    managed.leftovers.get(member)?.fate === 'remove'
  );
}

function isSameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}

/** One by one: the arguments of one call are bounded, the members of a group are not. */
function append(changes: Change[], more: readonly Change[]): void {
  for (const change of more) changes.push(change);
}
