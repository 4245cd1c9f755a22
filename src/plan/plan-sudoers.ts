// What becomes of the managed sudoers file: it follows the memberships that are really made, not those that are held.
import type { DesiredState } from '../policy/model.ts';
import { readSudoersEnds, readSudoersUids, renderSudoers } from '../policy/sudoers.ts';
import type { ActualState } from './actual.ts';
import { type Change, CHANGE_ORDER } from './change.ts';
import type { SudoLeaver } from './changes/sudo.ts';

/** From the present file to one that agrees with the memberships after all other changes of the plan. */
export function planSudoers(
  changes: readonly Change[],
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  return changeTo(desired.grantsSudo ? findSudoUids(changes, desired, actual) : new Set(), desired, actual);
}

/**
 * The changes that go, with the sudoers file as their memberships make it: no rule for a person who is still held, none
 * removed from a person whose loss is held. Where the change of the file itself is held (a sudo group vanished, or the
 * node is frozen), those who lose their account or their membership now lose their rule all the same.
 * @param go what the guard lets through of `changes`.
 */
export function settleSudoers(
  go: readonly Change[],
  changes: readonly Change[],
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  if (!desired.grantsSudo) return [...go];
  const rest = go.filter((change) => !isOfSudoers(change));
  const isHeld = changes.some(isOfSudoers) && rest.length === go.length;
  const uids = isHeld ? keepUids(rest, desired, actual) : findSudoUids(rest, desired, actual);
  const before = readSudoersUids(actual.sudoers);
  if (isHeld && uids.size === before.size) return rest;
  return [...rest, ...changeTo(uids, desired, actual)].sort((a, b) => orderOf(a) - orderOf(b));
}

function isOfSudoers({ kind }: Change): boolean {
  return kind.startsWith('sudoers-') || kind === 'root-shells-end';
}

/** The uids of the present file, without those of people who leave now. */
function keepUids(go: readonly Change[], desired: DesiredState, actual: ActualState): Set<number> {
  const uids = readSudoersUids(actual.sudoers);
  const sudoGroups = new Set(desired.groups.flatMap(({ name, sudo }) => (sudo ? [name] : [])));
  for (const change of go) {
    const { kind, name } = change;
    const leaver =
      kind === 'account-close' || kind === 'account-remove'
        ? name
        : kind === 'member-remove' && sudoGroups.has(name)
          ? change.member
          : null;
    const uid = leaver === null ? undefined : actual.accounts.get(leaver)?.entry.uid;
    if (uid !== undefined) uids.delete(uid);
  }
  return uids;
}

const orderOf = ({ kind }: Change): number => CHANGE_ORDER.indexOf(kind);

/** What removes rules goes before every grant; what adds them comes after the accounts. */
function changeTo(uids: ReadonlySet<number>, desired: DesiredState, actual: ActualState): Change[] {
  const ends = findEnds(desired, actual);
  const text = renderSudoers(uids, ends);
  const before = readSudoersUids(actual.sudoers);
  const lost = before.difference(uids);
  const common = { scimId: null, name: 'sunk-agent' };
  const leavers = listLeavers(lost, uids, desired, actual);
  const changes: Change[] = [];
  if (text === '' && actual.sudoers !== '') {
    const because = 'no member of a sudo group is confirmed by the store';
    changes.push({ ...common, kind: 'sudoers-remove', leavers, because });
  } else if (lost.size > 0) {
    const because = 'the store no longer lists these members of access.sudo_groups';
    const kept = renderSudoers(before.intersection(uids), ends);
    changes.push({ ...common, kind: 'sudoers-revoke', text: kept, leavers, because });
  }
  // The sessions of a disabled account end as a whole.
  for (const { scimId, name, uid } of leavers.filter(({ keepsAccount }) => keepsAccount))
    changes.push({ scimId, name, kind: 'root-shells-end', uid, because: 'has no sudo any more' });
  if (
    text !== '' &&
    text !== (lost.size > 0 ? renderSudoers(before.intersection(uids), ends) : actual.sudoers)
  ) {
    const because = 'access.sudo_groups gives the members of these groups sudo';
    changes.push({ ...common, kind: 'sudoers-write', text, because });
  }
  return changes;
}

/** When rules end, by uid: as desired; of a person who is to have none and keeps one for now, as in the present file. */
function findEnds(desired: DesiredState, actual: ActualState): ReadonlyMap<number, number> {
  const ends = readSudoersEnds(actual.sudoers);
  const members = new Set(desired.groups.flatMap(({ sudo, members: names }) => (sudo ? names : [])));
  for (const { entry } of desired.accounts) {
    const end = desired.sudoEnds.get(entry.name);
    if (end !== undefined) ends.set(entry.uid, end);
    else if (members.has(entry.name)) ends.delete(entry.uid);
  }
  return ends;
}

/**
 * Who loses a rule now, and whose root shells could not be ended before. Not all of them only because the store was not
 * read for long.
 */
function listLeavers(
  lost: ReadonlySet<number>,
  uids: ReadonlySet<number>,
  desired: DesiredState,
  { accounts, rootShells }: ActualState,
): SudoLeaver[] {
  const left = lost.union(rootShells).difference(uids);
  const people = new Map(desired.accounts.map((account) => [account.entry.uid, account]));
  return [...accounts.values()].flatMap(({ entry: { uid, name } }) => {
    const person = people.get(uid);
    const keepsAccount = rootShells.has(uid) || (person !== undefined && person.disabled === null);
    const isRevoked = desired.grantsSudo || rootShells.has(uid) || !keepsAccount;
    return left.has(uid) && isRevoked ? [{ uid, name, scimId: person?.scimId ?? null, keepsAccount }] : [];
  });
}

/** Uids of the managed members of the sudo groups, once these changes are made. */
function findSudoUids(go: readonly Change[], desired: DesiredState, actual: ActualState): Set<number> {
  const uidOf = new Map<string, number>();
  for (const { entry } of actual.accounts.values()) uidOf.set(entry.name, entry.uid);
  for (const { entry } of desired.accounts) uidOf.set(entry.name, entry.uid);
  const uids = new Set<number>();
  for (const { name, sudo } of desired.groups) {
    if (!sudo) continue;
    const members = new Set(actual.groups.get(name)?.members);
    for (const change of go) {
      if (change.kind === 'member-remove' && change.name === name) members.delete(change.member);
      if (change.kind === 'member-add' && change.name === name) members.add(change.member);
    }
    for (const member of members) {
      const uid = uidOf.get(member);
      if (uid !== undefined) uids.add(uid);
    }
  }
  return uids;
}
