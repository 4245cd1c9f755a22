// After the store gave people and groups new SCIM ids: a binding moves, its name and ids stay.
import type { Config } from '../../config/config.ts';
import type { GroupRecord, UserRecord } from '../../protocol/records.ts';
import type { Fault } from './allocations.ts';
import type { Binding, StoredGroup, StoredUser } from '../model.ts';
import { compare } from '../../common/text/compare.ts';

/** One binding that moves from one SCIM id to another. */
export interface Rebinding {
  readonly binding: Binding;
  /** The new SCIM id. */
  readonly to: string;
}

export interface NotRebound extends Fault {
  readonly from: string;
  readonly to: string;
}

export interface RebindPlan {
  /** Sorted by kind, then by name. */
  readonly moves: readonly Rebinding[];
  readonly refused: readonly NotRebound[];
}

export interface RebindQuestion {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly bindings: readonly Binding[];
  /** What operators blocked: names, userNames, SCIM ids, fingerprints. */
  readonly blocked: readonly string[];
  readonly config: Config;
}

export interface IdPair {
  readonly from: string;
  readonly to: string;
}

/** Judges each pair by itself and against the others. */
export function planRebinding(pairs: readonly IdPair[], question: RebindQuestion): RebindPlan {
  const moves: Rebinding[] = [];
  const refused: NotRebound[] = [];
  const targets = countTargets(pairs);
  for (const pair of pairs) {
    const binding = question.bindings.find(({ scimId }) => scimId === pair.from);
    if (binding === undefined) {
      refused.push({ ...pair, code: 'not-bound', detail: `the ledger binds nothing to ${pair.from}` });
      continue;
    }
    const fault = findFault(pair, binding, question, targets);
    if (fault === null) moves.push({ binding, to: pair.to });
    else refused.push({ ...pair, ...fault });
  }
  moves.sort((a, b) => compare(a.binding.kind, b.binding.kind) || compare(a.binding.name, b.binding.name));
  return { moves, refused };
}

/**
 * Pairs each person who is bound and gone (or inactive) with the one who has the same `externalId` now and is not bound; so for
 * groups. Where several have it there is no pair, but a refusal.
 */
export function pairByExternalId(question: RebindQuestion): { pairs: IdPair[]; refused: NotRebound[] } {
  const pairs: IdPair[] = [];
  const refused: NotRebound[] = [];
  const bound = new Set(question.bindings.map(({ kind, scimId }) => `${kind} ${scimId}`));
  for (const [kind, records] of [
    ['account', question.users],
    ['group', question.groups],
  ] as const) {
    const here = [...records].filter(
      ({ record, absent }) => !absent && !bound.has(`${kind} ${record.id}`) && record.externalId !== null,
    );
    const heirs = Map.groupBy(here, ({ record }) => record.externalId);
    const gone = [...records].filter((item) => bound.has(`${kind} ${item.record.id}`) && !isLiving(item));
    const leavers = Map.groupBy(gone, ({ record }) => record.externalId);
    for (const [externalId, old] of leavers) {
      const fresh = externalId === null ? undefined : heirs.get(externalId);
      const [from, to] = [old[0]?.record.id, fresh?.[0]?.record.id];
      if (fresh === undefined || from === undefined || to === undefined) continue;
      if (old.length === 1 && fresh.length === 1) pairs.push({ from, to });
      else {
        const detail = `several have the externalId ${externalId ?? ''}: name the two ids (sunk-agent rebind OLD NEW)`;
        refused.push({ from, to, code: 'external-id-clash', detail });
      }
    }
  }
  const order = (a: IdPair, b: IdPair): number => compare(a.from, b.from) || compare(a.to, b.to);
  return { pairs: pairs.sort(order), refused: refused.sort(order) };
}

function countTargets(pairs: readonly IdPair[]): ReadonlyMap<string, number> {
  const targets = new Map<string, number>();
  for (const { to } of pairs) targets.set(to, (targets.get(to) ?? 0) + 1);
  return targets;
}

function findFault(
  { from, to }: IdPair,
  binding: Binding,
  question: RebindQuestion,
  targets: ReadonlyMap<string, number>,
): Fault | null {
  const isAccount = binding.kind === 'account';
  const records: readonly (StoredUser | StoredGroup)[] = isAccount ? question.users : question.groups;
  const old = records.find(({ record }) => record.id === from);
  if (old !== undefined && isLiving(old)) {
    return refuse('still-there', `${from} is still at the store: two people cannot be one`);
  }
  const fresh = records.find(({ record, absent }) => record.id === to && !absent);
  if (fresh === undefined) {
    return refuse('not-there', `the store has no ${isAccount ? 'user' : 'group'} with the id ${to}`);
  }
  if ((targets.get(to) ?? 0) > 1) return refuse('twice', `${to} would be several at once`);
  const taken = question.bindings.find(({ kind, scimId }) => kind === binding.kind && scimId === to);
  if (taken !== undefined) {
    return refuse('bound-already', `the ledger binds ${to} to ${taken.name}, ${taken.id}, for good`);
  }
  const isStillBlocked = isBlockedById(to, question) || question.blocked.includes(binding.name);
  if (isBlockedById(from, question) && !isStillBlocked) {
    return refuse('blocked', `${from} is blocked by that id: block ${to} or ${binding.name} first`);
  }
  return isAccount
    ? findUserDifference(binding, fresh.record as UserRecord, question.config)
    : findGroupDifference(binding, fresh.record as GroupRecord, question.config);
}

/** A block that names the old id must not be lost with it. */
function isBlockedById(scimId: string, { blocked, config }: RebindQuestion): boolean {
  return (
    blocked.includes(scimId) || config.overrides.some(({ id, block }) => id === scimId && block === true)
  );
}

function findUserDifference(binding: Binding, record: UserRecord, { accounts, scim }: Config): Fault | null {
  const { id, gid, home } = binding;
  if (accounts.ids === 'attribute' && record.uid !== null && record.uid !== id)
    return refuse('uid-differs', `has the uid ${record.uid} at the store, and ${id} here`);
  if (scim.attributes.gid !== null && record.gid !== null && gid !== null && record.gid !== gid)
    return refuse('gid-differs', `has the gid ${record.gid} at the store, and ${gid} here`);
  if (record.home !== null && record.home !== '' && home !== null && record.home !== home)
    return refuse('home-differs', `has the home ${record.home} at the store, and ${home} here`);
  return null;
}

function findGroupDifference({ id }: Binding, record: GroupRecord, { accounts }: Config): Fault | null {
  if (accounts.ids !== 'attribute' || record.gid === null || record.gid === id) return null;
  return refuse('gid-differs', `has the gid ${record.gid} at the store, and ${id} here`);
}

/** Whether the store still has it; a user who is inactive counts as gone, since that is how some stores delete. */
function isLiving({ record, absent }: StoredUser | StoredGroup): boolean {
  return !absent && (!('active' in record) || record.active);
}

function refuse(code: string, detail: string): Fault {
  return { code, detail };
}
