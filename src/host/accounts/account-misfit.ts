// Whether a change still fits the files: the plan is older than the lock under which it is applied.
import type { AccountChange } from '../../plan/change.ts';
import { readGroupLines, readPasswdLines } from './tolerant-lines.ts';

/** A change that did not fit what was found under the lock; nothing of it was applied. */
export interface Misfit {
  readonly change: AccountChange;
  readonly problem: string;
}

/** Lower ids belong to the system, whatever a change says. */
const FIRST_ID = 1000;

/** Names and ids that are taken now, so that an older plan cannot overwrite an account that was added since. */
export interface Allocations {
  readonly accounts: Map<string, number>;
  readonly uids: Map<number, string>;
  readonly groups: Map<string, number>;
  readonly gids: Map<number, string>;
}

/** Collects them from the texts of passwd(5) and group(5). */
export function collectIds(texts: { readonly passwd: string; readonly group: string }): Allocations {
  const allocations: Allocations = {
    accounts: new Map(),
    uids: new Map(),
    groups: new Map(),
    gids: new Map(),
  };
  for (const [lines, names, ids] of [
    [readPasswdLines(texts.passwd), allocations.accounts, allocations.uids],
    [readGroupLines(texts.group), allocations.groups, allocations.gids],
  ] as const) {
    for (const { name, id, resolves } of lines) {
      if (id === null || !resolves) continue;
      // The name service answers with the first line of a name.
      if (!names.has(name)) names.set(name, id);
      if (!ids.has(id)) ids.set(id, name);
    }
  }
  return allocations;
}

/** Why a change cannot be applied; null: it can. */
export function findMisfit(change: AccountChange, allocations: Allocations): string | null {
  const { name } = change;
  switch (change.kind) {
    case 'account-create': {
      const { uid } = change.entry;
      if (uid < FIRST_ID) return `uid ${uid} is below ${FIRST_ID}`;
      const found = allocations.accounts.get(name);
      // A line that agrees is from before the ledger was lost, and is managed again.
      if (found === uid) return null;
      if (found !== undefined) return `another program added an account ${name} meanwhile`;
      const other = allocations.uids.get(uid);
      return other === undefined ? null : `uid ${uid} belongs to ${other} meanwhile`;
    }
    case 'account-inherit':
      return findOther('account', name, allocations.accounts.get(name), change.uid);
    case 'group-inherit':
      return findOther('group', name, allocations.groups.get(name), change.gid);
    case 'group-create': {
      if (change.gid < FIRST_ID) return `gid ${change.gid} is below ${FIRST_ID}`;
      if (allocations.groups.has(name)) return `another program added a group ${name} meanwhile`;
      const other = allocations.gids.get(change.gid);
      return other === undefined ? null : `gid ${change.gid} belongs to ${other} meanwhile`;
    }
    case 'account-alter': {
      const { before, entry } = change;
      const fault = findStranger(before.name, before.uid, allocations);
      if (fault === null && entry.name !== before.name && allocations.accounts.has(entry.name))
        return `another program added an account ${entry.name} meanwhile`;
      if (fault !== null || before.uid === entry.uid) return fault;
      const other = allocations.uids.get(entry.uid);
      return other === undefined ? null : `uid ${entry.uid} belongs to ${other} meanwhile`;
    }
    case 'group-alter': {
      const gid = allocations.groups.get(name);
      if (gid !== change.before) return `the group ${name} no longer has gid ${change.before}`;
      if (change.gid < FIRST_ID) return `gid ${change.gid} is below ${FIRST_ID}`;
      const other = allocations.gids.get(change.gid);
      return other === undefined ? null : `gid ${change.gid} belongs to ${other} meanwhile`;
    }
    case 'account-close':
    case 'account-remove':
    case 'account-reopen':
      return findStranger(name, change.entry.uid, allocations);
    case 'group-remove': {
      const gid = allocations.groups.get(name);
      if (gid === undefined) return `the group ${name} no longer exists`;
      return gid === change.gid ? null : `the group ${name} has gid ${gid}, not ${change.gid}`;
    }
    case 'member-add':
    case 'member-remove': {
      const gid = allocations.groups.get(name);
      if (gid === undefined) return `the group ${name} does not exist`;
      return gid < FIRST_ID ? `the group ${name} belongs to the system` : null;
    }
  }
}

/** A line that is there already must be the very one. */
function findOther(kind: string, name: string, found: number | undefined, id: number): string | null {
  return found === undefined || found === id ? null : `another program added the ${kind} ${name} meanwhile`;
}

/** Why the line of that name is not the one that the plan saw; null: it is. */
function findStranger(name: string, wanted: number, { accounts }: Allocations): string | null {
  const uid = accounts.get(name);
  if (uid === undefined) return `the account ${name} is no longer in passwd`;
  return uid === wanted ? null : `the account ${name} has uid ${uid}, not ${wanted}`;
}
