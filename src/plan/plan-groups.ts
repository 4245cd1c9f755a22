// What becomes of groups and memberships.
import type { DesiredState } from '../policy/model.ts';
import { isSameList } from '../policy/memo.ts';
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
export function planGroups(desired: DesiredState, actual: ActualState, roll: ManagedAccounts): Change[] {
  // Where the marker's name or gid is a local group's, that group is not ours to make or fill.
  const isMarkerOurs = !desired.refusals.some(({ code }) => code === 'marker-taken');
  // Nobody yet, no marker yet: a node that has not heard the store stays as it was.
  const isMarkerDue = desired.accounts.length > 0 || actual.groups.has(desired.managedGroup.name);
  const changes =
    isMarkerOurs && isMarkerDue ? planGroup({ ...desired.managedGroup, scimId: null }, actual, roll) : [];
  for (const group of desired.groups) append(changes, planGroup(group, actual, roll));
  for (const { kind, name, scimId, fate } of desired.leftovers ?? []) {
    const present = actual.groups.get(name);
    if (kind !== 'group' || present === undefined || name === desired.managedGroup.name) continue;
    if (fate === 'leave') append(changes, removeMembers(present, new Set(), roll, 'is out', isOut));
    if (fate !== 'remove' || desired.groups.some((group) => group.name === name)) continue;
    append(changes, removeMembers(present, new Set(), roll, 'the group goes'));
    const because = 'the configuration or the store no longer has this group';
    changes.push({ scimId, name, kind: 'group-remove', gid: present.gid, because });
  }
  return changes;
}

interface WantedGroup extends GroupEntry {
  readonly scimId: string | null;
  readonly sudo?: boolean;
}

function planGroup(group: WantedGroup, actual: ActualState, roll: ManagedAccounts): Change[] {
  const { scimId, name, gid, members, sudo } = group;
  const present = actual.groups.get(name);
  const changes: Change[] = [];
  if (present === undefined || present.gid !== gid) {
    const because = scimId === null ? 'every managed account is in it' : 'the store has this group';
    changes.push({ scimId, name, kind: 'group-create', gid, because });
  }
  if (present !== undefined && isSameList(present.members, members)) return changes;
  const before = new Set(present?.members ?? []);
  if (present !== undefined) {
    // Out of the marker, the own key file of somebody whose line still stands would open it again (sshd_config Match).
    const keepsLine = (member: string): boolean => scimId === null && actual.accounts.has(member);
    const concerns = (member: string): boolean =>
      roll.leftovers.get(member)?.fate !== 'shut' || !keepsLine(member);
    append(
      changes,
      removeMembers(present, new Set(members), roll, 'the store no longer lists this member', concerns),
    );
  }
  for (const member of members) {
    if (before.has(member)) continue;
    const because = scimId === null ? 'the primary group is another one' : 'the store lists this member';
    const common = { scimId: roll.idOf(member), name, kind: 'member-add', member, because } as const;
    changes.push(sudo === true ? { ...common, sudo } : common);
  }
  return changes;
}

function removeMembers(
  present: GroupEntry,
  wanted: ReadonlySet<string>,
  roll: ManagedAccounts,
  because: string,
  concerns: (member: string, roll: ManagedAccounts) => boolean = () => true,
): Change[] {
  return present.members.flatMap((member) => {
    const scimId = roll.idOf(member);
    if (wanted.has(member) || scimId === null || !concerns(member, roll)) return [];
    if (!roll.desired.has(member) && roll.leftovers.get(member)?.fate === 'leave') return [];
    const closed = roll.desired.get(member)?.disabled ?? null;
    const why = closed === null ? because : DISABLED_BECAUSE[closed];
    return [{ scimId, name: present.name, kind: 'member-remove', member, because: why }];
  });
}

/**
 * Closed or gone: such a one is in no group, even in one about which nothing was heard. So is a name that a rename has
 * freed, for the next one of that name must not find a place there; whoever had it is back in that group when the
 * store tells of it again.
 */
function isOut(member: string, roll: ManagedAccounts): boolean {
  if (roll.renamed.has(member)) return true;
  return (
    (roll.desired.get(member)?.disabled ?? null) !== null || roll.leftovers.get(member)?.fate === 'remove'
  );
}

/** One by one: the arguments of one call are bounded, the members of a group are not. */
function append(changes: Change[], more: readonly Change[]): void {
  for (const change of more) changes.push(change);
}
