// Who may log in, in one list, and which of them are in a group; worked out again only when somebody comes or goes.
import { isSameList } from './memo.ts';
import type { GroupRecord } from '../protocol/records.ts';
import type { DesiredAccount } from './model.ts';

/** The open accounts in the order of their names. The very same object for as long as nobody comes or goes. */
export interface EnabledAccounts {
  readonly scimIds: readonly string[];
  readonly names: readonly string[];
  /** Where each one stands; gathered when it is first asked for. */
  readonly ranks: () => ReadonlyMap<string, number>;
}

let last: EnabledAccounts | null = null;

/** @param accounts sorted by name. */
export function listEnabled(accounts: readonly DesiredAccount[]): EnabledAccounts {
  const scimIds: string[] = [];
  const names: string[] = [];
  for (const { scimId, entry, disabled: closed } of accounts) {
    if (closed !== null) continue;
    scimIds.push(scimId);
    names.push(entry.name);
  }
  if (last !== null && isSameList(last.scimIds, scimIds) && isSameList(last.names, names)) return last;
  let ranks: Map<string, number> | null = null;
  last = {
    scimIds,
    names,
    ranks: () => (ranks ??= new Map(scimIds.map((scimId, rank) => [scimId, rank]))),
  };
  return last;
}

/** What was found for each record. */
const found = new WeakMap<
  GroupRecord,
  { readonly roster: EnabledAccounts; readonly members: readonly string[] }
>();

/** Names of the members who may log in, sorted, each once. */
export function findMembers(record: GroupRecord, roster: EnabledAccounts): readonly string[] {
  const before = found.get(record);
  if (before?.roster === roster) return before.members;
  const ranks = roster.ranks();
  const standing: number[] = [];
  for (const id of record.members) {
    const rank = ranks.get(id);
    if (rank !== undefined) standing.push(rank);
  }
  const members: string[] = [];
  for (const rank of Uint32Array.from(standing).sort()) {
    const name = roster.names[rank];
    if (name !== undefined && members.at(-1) !== name) members.push(name);
  }
  found.set(record, { roster, members });
  return members;
}
