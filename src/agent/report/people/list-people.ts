// Who has access to the node: what the system has now, and why, by the decision that the next sync would make; pure.
import { compare } from '../../../common/text/compare.ts';
import type { Config } from '../../../config/config.ts';
import { DISABLED_DAY } from '../../../plan/actual.ts';
import type { HeldSet } from '../../../plan/guard/guard-model.ts';
import type { SyncPlan } from '../../../plan/sync/plan-sync.ts';
import { groupByMember, type ResolvedAccess, resolveAccess } from '../../../policy/access.ts';
import { applyGrants, type JudgedGrant } from '../../../policy/grants.ts';
import { readKeyFile } from '../../../policy/keys/key-file-lines.ts';
import type {
  Binding,
  DesiredAccount,
  Refusal,
  StoredGroup,
  StoredUser,
  UnboundAccount,
} from '../../../policy/model.ts';
import type { QuarantineRow } from '../../../state/state.ts';
import { explainState } from './explain-state.ts';
import { collectMemberships, type Memberships } from './memberships.ts';
import type { PersonGrant, PersonKey, PersonRow } from './person-row.ts';

export interface PeopleInput {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly bindings: readonly Binding[];
  readonly quarantine: readonly QuarantineRow[];
  readonly config: Config;
  readonly decision: SyncPlan;
  /** Epoch seconds of an account's last login; null: none is recorded. */
  readonly lastLogin: (account: { readonly name: string; readonly uid: number }) => number | null;
  /** Epoch seconds. */
  readonly now: number;
}

/** What is looked up for each person, once for all. */
export interface PeopleIndex extends PeopleInput {
  readonly access: ResolvedAccess;
  readonly accessOf: ReadonlyMap<string, readonly string[]>;
  readonly sudoOf: ReadonlyMap<string, readonly string[]>;
  readonly desired: ReadonlyMap<string, DesiredAccount>;
  /** By account name: the same, and whose key file is to be changed. */
  readonly planned: ReadonlyMap<string, DesiredAccount>;
  readonly pending: ReadonlySet<string>;
  readonly bound: ReadonlyMap<string, Binding>;
  readonly held: ReadonlyMap<string, HeldSet>;
  readonly broken: ReadonlyMap<string, QuarantineRow>;
  readonly refused: ReadonlyMap<string, readonly Refusal[]>;
  readonly memberships: Memberships;
  readonly grantsOf: ReadonlyMap<string, readonly PersonGrant[]>;
}

/**
 * One row for each person who has or had an account here, is in an access group, or whose record is broken, and for
 * each account of the managed group that the store does not know. Sorted by name.
 */
export function listPeople(input: PeopleInput): PersonRow[] {
  const index = indexPeople(input);
  const rows: PersonRow[] = [];
  const seen = new Set<string>();
  for (const { record, absent } of input.users) {
    const isMember = index.access.members.has(record.id) && !absent;
    if (!index.bound.has(record.id) && !isMember && !index.broken.has(record.id)) continue;
    seen.add(record.id);
    rows.push(describePerson(record.id, record.userName, index));
  }
  for (const id of [...index.bound.keys(), ...index.broken.keys()]) {
    if (seen.has(id)) continue;
    seen.add(id);
    rows.push(describePerson(id, index.broken.get(id)?.names[0] ?? null, index));
  }
  const names = new Set([...index.bound.values()].map(({ name }) => name));
  for (const account of input.decision.facts.unbound)
    if (!names.has(account.name)) rows.push(describeUnknown(account, index));
  const nameOf = ({ name, userName, scimId }: PersonRow): string => name ?? userName ?? scimId ?? '';
  return rows.sort((a, b) => compare(nameOf(a), nameOf(b)) || compare(a.scimId ?? '', b.scimId ?? ''));
}

function indexPeople(input: PeopleInput): PeopleIndex {
  const { decision, config } = input;
  const access = resolveAccess(config.access, applyGrants(input.groups, decision.grants));
  const held = new Map<string, HeldSet>();
  for (const set of decision.verdict.held)
    for (const { scimId } of set.changes) if (scimId !== null) held.set(scimId, set);
  const refused = new Map<string, Refusal[]>();
  for (const refusal of decision.desired.refusals) {
    if (refusal.kind !== 'User') continue;
    const others = refused.get(refusal.scimId);
    if (others === undefined) refused.set(refusal.scimId, [refusal]);
    else others.push(refusal);
  }
  return {
    ...input,
    access,
    accessOf: groupByMember(access.accessGroups),
    sudoOf: groupByMember(access.sudoGroups),
    desired: new Map(decision.desired.accounts.map((account) => [account.scimId, account])),
    planned: new Map(decision.desired.accounts.map((account) => [account.entry.name, account])),
    pending: new Set(decision.changes.flatMap(({ kind, name }) => (kind.startsWith('keys-') ? [name] : []))),
    bound: new Map(
      [...input.bindings, ...decision.bindings].flatMap((one) =>
        one.kind === 'account' ? [[one.scimId, one] as const] : [],
      ),
    ),
    held,
    broken: new Map(input.quarantine.flatMap((row) => (row.kind === 'User' ? [[row.id, row] as const] : []))),
    refused,
    memberships: collectMemberships(decision, input.now),
    grantsOf: groupGrants(decision.grants),
  };
}

/** Those in force, by SCIM id of the person. */
function groupGrants(grants: readonly JudgedGrant[]): ReadonlyMap<string, readonly PersonGrant[]> {
  const found = new Map<string, PersonGrant[]>();
  for (const { inForce, scimId, group, until, by, reason } of grants)
    if (inForce) found.set(scimId, [...(found.get(scimId) ?? []), { group, until, by, reason }]);
  return found;
}

function describePerson(scimId: string, userName: string | null, index: PeopleIndex): PersonRow {
  const { decision, memberships } = index;
  const binding = index.bound.get(scimId) ?? null;
  const name = binding?.name ?? null;
  const actual = name === null ? undefined : decision.actual.accounts.get(name);
  const isOpen = actual !== undefined && actual.expiryDay !== DISABLED_DAY;
  const keys = isOpen && name !== null ? readKeys(name, index) : [];
  const sudoVia =
    actual === undefined ? [] : memberships.sudoOf(actual.entry, index.sudoOf.get(scimId) ?? []);
  return {
    name,
    userName,
    scimId,
    uid: binding?.id ?? null,
    ...explainState(scimId, { isOpen, hasLine: actual !== undefined, keys }, index),
    account: actual === undefined ? null : isOpen ? 'enabled' : 'disabled',
    login: isOpen && keys.some((key) => isInForce(key, index.now)),
    via: index.accessOf.get(scimId) ?? [],
    groups: actual === undefined ? [] : memberships.groupsOf(actual.entry),
    sudo: isOpen && sudoVia.length > 0,
    sudoVia: isOpen ? sudoVia : [],
    grants: index.grantsOf.get(scimId) ?? [],
    keys,
    keyExpiry: findNearest(keys),
    since: actual === undefined ? null : (binding?.boundAt ?? null),
    lastLogin: binding === null ? null : index.lastLogin({ name: binding.name, uid: binding.id }),
  };
}

/** An account that someone put into the managed group by hand: it lets in every holder of a key for it. */
function describeUnknown(account: UnboundAccount, index: PeopleIndex): PersonRow {
  const { name, uid } = account;
  const isOpen = isUnmanagedOpen(name, index);
  const keys = isOpen ? readKeys(name, index) : [];
  const sudoVia = isOpen ? index.memberships.sudoOf(account, []) : [];
  return {
    name,
    userName: null,
    scimId: null,
    uid,
    state: isOpen ? 'enabled' : 'disabled',
    why: 'in the managed group, but in neither the ledger nor the store: sunk-agent does not manage it',
    account: isOpen ? 'enabled' : 'disabled',
    login: keys.some((key) => isInForce(key, index.now)),
    via: [],
    groups: index.memberships.groupsOf(account),
    sudo: sudoVia.length > 0,
    sudoVia,
    grants: [],
    keys,
    keyExpiry: findNearest(keys),
    since: null,
    lastLogin: index.lastLogin(account),
  };
}

/** A plan has those that are disabled only while they have keys, and an agent that changes no account has none of them. */
function isUnmanagedOpen(name: string, { decision, config }: PeopleIndex): boolean {
  const found = decision.notInStore.find((one) => one.name === name);
  if (found !== undefined) return !found.isDisabled;
  return config.mode === 'observe' || config.accounts.backend === 'published';
}

/** The keys of the file that sshd reads, whatever was planned; a file that needs no change has the planned ones. */
function readKeys(name: string, { decision, planned, pending }: PeopleIndex): readonly PersonKey[] {
  const account = pending.has(name) ? undefined : planned.get(name);
  if (account !== undefined)
    return account.credentials.map(({ fingerprint, expiresAt }) => ({ fingerprint, expiresAt }));
  return readKeyFile(decision.actual.keyFiles.get(name) ?? '').flatMap(({ fingerprint, expiresAt }) =>
    fingerprint === null ? [] : [{ fingerprint, expiresAt }],
  );
}

function isInForce({ expiresAt }: PersonKey, now: number): boolean {
  return expiresAt === null || expiresAt > now;
}

function findNearest(keys: readonly PersonKey[]): number | null {
  const times = keys.flatMap(({ expiresAt }) => expiresAt ?? []);
  return times.length === 0 ? null : Math.min(...times);
}
