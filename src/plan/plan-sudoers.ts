// What becomes of the managed sudoers file: it follows the memberships that are really made, not those that are held.
import type { DesiredState } from '../policy/model.ts';
import { readSudoersUids, renderSudoers } from '../policy/sudoers.ts';
import type { ActualState } from './actual.ts';
import { type Change, CHANGE_ORDER } from './change.ts';

/** From the present file to one that agrees with the memberships after all other changes of the plan. */
export function planSudoers(
  changes: readonly Change[],
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  const text = desired.grantsSudo ? renderSudoers(findSudoUids(changes, desired, actual)) : '';
  return text === actual.sudoers ? [] : [changeTo(text)];
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
  const text = renderSudoers(uids);
  if (isHeld && uids.size === readSudoersUids(actual.sudoers).size) return rest;
  return text === actual.sudoers ? rest : [...rest, changeTo(text)].sort((a, b) => orderOf(a) - orderOf(b));
}

const isOfSudoers = ({ kind }: Change): boolean => kind === 'sudoers-write' || kind === 'sudoers-remove';

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

function changeTo(text: string): Change {
  const common = { scimId: null, name: 'sunk-agent' };
  return text === ''
    ? { ...common, kind: 'sudoers-remove', because: 'no member of a sudo group is confirmed by the store' }
    : {
        ...common,
        kind: 'sudoers-write',
        text,
        because: 'access.sudo_groups gives the members of these groups sudo',
      };
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
