// Whether a change still fits what is in the files now: a plan is older than the lock under which it is carried out.
import type { AccountChange } from '../../plan/change.ts';
import { readLines, toId } from './passwd-format.ts';

/** A change that did not fit what was found under the lock; nothing of it was done. */
export interface Misfit {
  readonly change: AccountChange;
  readonly problem: string;
}

/** Ids below this are the node's own, whatever a change says. */
const FIRST_ID = 1000;

/** Who is there now, so that a plan made before the lock cannot overwrite somebody who came in between. */
export interface Ground {
  readonly accounts: Map<string, number>;
  readonly uids: Map<number, string>;
  readonly groups: Map<string, number>;
  readonly gids: Map<number, string>;
}

/** Reads the ground out of the texts of passwd(5) and group(5). */
export function collectIds(texts: { readonly passwd: string; readonly group: string }): Ground {
  const ground: Ground = { accounts: new Map(), uids: new Map(), groups: new Map(), gids: new Map() };
  for (const [file, names, ids] of [
    ['passwd', ground.accounts, ground.uids],
    ['group', ground.groups, ground.gids],
  ] as const) {
    for (const [name, fields] of readLines(texts[file])) {
      const id = toId(fields[2]);
      if (id === null) continue;
      names.set(name, id);
      if (!ids.has(id)) ids.set(id, name);
    }
  }
  return ground;
}

/** Why a change cannot be carried out, or null. */
export function findMisfit(change: AccountChange, ground: Ground): string | null {
  const { name } = change;
  switch (change.kind) {
    case 'account-create': {
      const { uid } = change.entry;
      if (uid < FIRST_ID) return `uid ${uid} is below ${FIRST_ID}`;
      const found = ground.accounts.get(name);
      // A line that agrees, from before the ledger was lost, is taken back.
      if (found === uid) return null;
      if (found !== undefined) return `meanwhile somebody made an account ${name}`;
      const other = ground.uids.get(uid);
      return other === undefined ? null : `meanwhile uid ${uid} belongs to ${other}`;
    }
    case 'group-create': {
      if (change.gid < FIRST_ID) return `gid ${change.gid} is below ${FIRST_ID}`;
      if (ground.groups.has(name)) return `meanwhile somebody made a group ${name}`;
      const other = ground.gids.get(change.gid);
      return other === undefined ? null : `meanwhile gid ${change.gid} belongs to ${other}`;
    }
    case 'account-close':
    case 'account-remove':
    case 'account-alter':
    case 'account-reopen': {
      const uid = ground.accounts.get(change.kind === 'account-alter' ? change.before.name : name);
      if (uid === undefined) return `the account ${name} is gone from passwd`;
      return uid === change.entry.uid ? null : `the account ${name} has uid ${uid}, not ${change.entry.uid}`;
    }
    case 'group-remove': {
      const gid = ground.groups.get(name);
      if (gid === undefined) return `the group ${name} is gone`;
      return gid === change.gid ? null : `the group ${name} has gid ${gid}, not ${change.gid}`;
    }
    case 'member-add':
    case 'member-remove': {
      const gid = ground.groups.get(name);
      if (gid === undefined) return `there is no group ${name}`;
      return gid < FIRST_ID ? `the group ${name} is the system's` : null;
    }
  }
}
