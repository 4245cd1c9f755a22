// After the store gave people and groups new SCIM ids: a binding moves, its name and ids stay.
import type { Config } from '../../config/config.ts';
import type { GroupRecord, UserRecord } from '../../protocol/records.ts';
import type { Binding, StoredGroup, StoredUser } from '../model.ts';
import type { Fault } from '../identity/identity.ts';
import { compare } from '../../common/text/compare.ts';
import type { FormerBinding } from '../identity/former.ts';
import { chooseId } from '../identity/ids.ts';
import { isLiving } from './succession.ts';

/** One binding that moves from one SCIM id to another; from an id to itself where it only takes the ids of the store. */
export interface Rebinding {
  readonly binding: Binding;
  /** The new SCIM id. */
  readonly to: string;
  /** The uid (or gid of a group) from now on: the same, unless the operator asked for that of the store. */
  readonly id: number;
  /** The primary gid of an account from now on; null for a group, or where the ledger has none. */
  readonly gid: number | null;
  /** The uid or gid that other nodes would give, which `overrides` must replace; null: the same as here. */
  readonly storeId: number | null;
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
  /** What was moved before; the newest last. */
  readonly former: readonly FormerBinding[];
  /** Whether the bindings take the uid and gids of the store, in place of those of this node. */
  readonly takesStoreIds: boolean;
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
    const move = fault === null ? chooseIds(binding, pair.to, question) : fault;
    if ('code' in move) refused.push({ ...pair, ...move });
    else moves.push(move);
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
  const isUndone = isUndoing(binding.kind, { from, to }, question.former);
  const old = records.find(({ record }) => record.id === from);
  if (old !== undefined && isLiving(old) && !isUndone && from !== to) {
    return refuse('still-there', `${from} is still at the store: two people cannot be one`);
  }
  const fresh = records.find(({ record, absent }) => record.id === to && !absent);
  if (fresh === undefined && !isUndone) {
    return refuse('not-there', `the store has no ${isAccount ? 'user' : 'group'} with the id ${to}`);
  }
  if ((targets.get(to) ?? 0) > 1) return refuse('twice', `${to} would be several at once`);
  const taken = question.bindings.find(({ kind, scimId }) => kind === binding.kind && scimId === to);
  if (taken !== undefined && from !== to) {
    return refuse('bound-already', `the ledger binds ${to} to ${taken.name}, ${taken.id}, for good`);
  }
  const isStillBlocked = question.blocked.includes(to) || question.blocked.includes(binding.name);
  if (question.blocked.includes(from) && !isStillBlocked) {
    return refuse('blocked', `${from} is blocked by that id: block ${to} or ${binding.name} first`);
  }
  return null;
}

/** Whether the pair takes back the last move of that id, which needs no record of the former id at the store. */
function isUndoing(kind: Binding['kind'], { from, to }: IdPair, former: readonly FormerBinding[]): boolean {
  const last = former.findLast((move) => move.kind === kind && move.to === from);
  return last?.from === to;
}

/** The ids of this node, or those of the store where they are asked for and free. */
function chooseIds(binding: Binding, to: string, question: RebindQuestion): Rebinding | Fault {
  const { users, groups, config, takesStoreIds } = question;
  const records: readonly (StoredUser | StoredGroup)[] = binding.kind === 'account' ? users : groups;
  const record = records.find((one) => one.record.id === to)?.record;
  const { id, gid } = binding;
  const wanted = record === undefined ? null : readStoreIds(record, config);
  const kept = { binding, to, id, gid, storeId: wanted?.id === id ? null : (wanted?.id ?? null) };
  if (!takesStoreIds) return kept;
  if (wanted === null) return refuse('no-store-ids', `the store gives ${to} no id that this node may use`);
  const holder = findHolder(binding, wanted.id, question);
  if (holder !== null) return refuse('id-bound', `the id ${wanted.id} belongs to ${holder}, for good`);
  if (wanted.id === id && (wanted.gid ?? gid) === gid)
    return binding.scimId === to ? refuse('same-ids', 'the ledger has the ids of the store already') : kept;
  return { binding, to, id: wanted.id, gid: wanted.gid ?? gid, storeId: null };
}

/** The uid or gid that a node without a binding would give, and the primary gid of the store; null: none. */
function readStoreIds(
  record: UserRecord | GroupRecord,
  { accounts, scim }: Config,
): { readonly id: number; readonly gid: number | null } | null {
  const isUser = 'userName' in record;
  const choice = chooseId(isUser ? 'uid' : 'gid', record.id, isUser ? record.uid : record.gid, accounts);
  if (!choice.ok) return null;
  return { id: choice.id, gid: isUser && scim.attributes.gid !== null ? record.gid : null };
}

/** Who else has, or once had, that uid or gid; null: it is free, or was this binding's own. */
function findHolder({ kind, scimId }: Binding, id: number, question: RebindQuestion): string | null {
  const { bindings, former } = question;
  const holder = bindings.find((one) => one.kind === kind && one.id === id && one.scimId !== scimId);
  if (holder !== undefined) return holder.name;
  const owner = former.find((move) => move.kind === kind && move.id === id);
  return owner === undefined || [owner.from, owner.to].includes(scimId) ? null : owner.to;
}

function refuse(code: string, detail: string): Fault {
  return { code, detail };
}
