// After a lost ledger: bindings of accounts and groups of the managed group that agree with the store.
import type { OperatorOverrides, ResolvedAccess } from '../access.ts';
import type { Config } from '../../config/config.ts';
import { isMeant } from '../groups/new-groups.ts';
import { findWanted } from '../groups/wanted-groups.ts';
import { NOTHING_IN_USE } from '../in-use.ts';
import type { Binding, KnownGroup, NodeFacts, StoredGroup, StoredUser, UnboundAccount } from '../model.ts';
import type { UserRecord } from '../../protocol/records.ts';
import { type Candidate, resolveClashes } from '../identity/precedence.ts';
import { collectAllocations } from '../identity/allocations.ts';
import { findNameFault } from '../identity/faults.ts';
import { readIdentity } from '../identity/read-identity.ts';
import { chooseId } from '../identity/ids.ts';
import { foldName, isLineOf } from '../identity/match-lines.ts';
import { isReservedId, isReservedName } from '../identity/reserved.ts';
import { readGroupName, readUsername } from '../identity/username.ts';

export interface AdoptInput {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  readonly access: ResolvedAccess;
  readonly overrides: OperatorOverrides;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * The bindings that the ledger should have: of people whose name and uid stand on a line of the managed group, whatever
 * the store says of them now (an inactive person must be disabled here), and of groups whose name and gid agree and
 * whose members are managed accounts alone. The account keeps its primary gid and home.
 */
export function adoptLost(input: AdoptInput): Binding[] {
  const accounts = input.facts.unbound.length === 0 ? [] : adoptAccounts(input);
  return [...accounts, ...adoptGroups(input, accounts)];
}

function adoptAccounts({ users, bindings, facts, config, overrides, now }: AdoptInput): Binding[] {
  const known = bindings.filter(({ kind }) => kind === 'account');
  const bound = new Set(known.map(({ scimId }) => scimId));
  // They stand on these very lines, and had them before.
  const allocations = collectAllocations(config, { ...facts, inUse: NOTHING_IN_USE, unbound: [] }, known, []);
  const lines = Map.groupBy(facts.unbound, ({ name }) => foldName(name));
  const shared = findShared(facts.unbound);
  const candidates: (Candidate & { readonly line: UnboundAccount })[] = [];
  for (const { record } of users) {
    if (bound.has(record.id)) continue;
    const reading = readUsername(record.username, allocations.domains);
    const line = reading.ok
      ? findLine(lines.get(reading.name) ?? [], record, reading.name, config)
      : undefined;
    if (line === undefined || shared.has(line.uid) || findNameFault(line.name, allocations) !== null)
      continue;
    const { uid } = overrides.rulesFor(record, null);
    // The publisher decided over the uid; a login pod follows it.
    const isFollower = config.accounts.backend === 'published';
    const identity = readIdentity(record, uid ?? (isFollower ? line.uid : null), allocations, new Set());
    if (identity.ok && identity.identity.uid === line.uid)
      candidates.push({ record, line, identity: { ...identity.identity, name: line.name } });
  }
  const clashes = resolveClashes(candidates, config.accounts.home);
  return candidates.flatMap(({ record, line, identity: { name, uid } }): Binding[] => {
    if (clashes.has(record.id)) return [];
    const kept = { gid: line.gid, home: line.dir };
    return [{ scimId: record.id, kind: 'account', name, id: uid, ...kept, boundAt: now, disabledAt: null }];
  });
}

/** The name that comes out for the person, before another spelling of it. */
function findLine(
  lines: readonly UnboundAccount[],
  record: UserRecord,
  derived: string,
  config: Config,
): UnboundAccount | undefined {
  const own = lines.filter((line) => isLineOf(line, record, derived, config));
  return (
    own.find(({ name, uid }) => name === derived && uid === record.uid) ??
    own.find(({ uid }) => uid === record.uid) ??
    own[0]
  );
}

function findShared(lines: readonly UnboundAccount[]): ReadonlySet<number> {
  const byUid = Map.groupBy(lines, ({ uid }) => uid);
  return new Set([...byUid].filter(([, same]) => same.length > 1).map(([uid]) => uid));
}

/** @param adopted accounts that were lost and are managed again. */
function adoptGroups(
  { groups, bindings, facts, config, access, now }: AdoptInput,
  adopted: readonly Binding[],
): Binding[] {
  const bound = bindings.filter(({ kind }) => kind === 'group');
  const known = new Set(bound.map(({ scimId }) => scimId));
  const boundNames = new Set(bound.map(({ name }) => name));
  const unbound = [...facts.foreignGroups, ...(facts.published?.groups ?? [])];
  const local = new Map(unbound.map((group) => [group.name, group]));
  let managed: ReadonlySet<string> | null = null;
  const found = new Map<string, Binding | null>();
  for (const record of findWanted(groups, access, config).keys()) {
    const reading = readGroupName(record.name);
    if (known.has(record.id) || !reading.ok || boundNames.has(reading.name)) continue;
    const { name } = reading;
    const line = local.get(name);
    const id = chooseId('gid', record.id, record.gid, config.accounts);
    if (line === undefined || !id.ok || id.id !== line.gid) continue;
    if (isReservedName(name) || isReservedId(id.id)) continue;
    // A group without members need not have been managed: one that has power is then like any other that others made.
    if (line.members.length === 0 && hasPower(line, facts) && !isMeant(record, config)) continue;
    const names = (managed ??= listManaged(facts, [...bindings, ...adopted]));
    if (!line.members.every((member) => names.has(member))) continue;
    const fresh = { kind: 'group', name, id: id.id, gid: null, home: null } as const;
    // Two that come out with one name: which of them had it cannot be told any more.
    const isOnly = !found.has(name);
    found.set(name, isOnly ? { scimId: record.id, ...fresh, boundAt: now, disabledAt: null } : null);
  }
  return [...found.values()].flatMap((binding) => binding ?? []);
}

function hasPower({ name, gid }: KnownGroup, { privilegedGroups, privilegedGids }: NodeFacts): boolean {
  return privilegedGroups.has(name) || privilegedGids.has(gid);
}

/** Names of the managed accounts; gathered only for a group that may be adopted, which most syncs do not have. */
function listManaged({ unbound }: NodeFacts, bindings: readonly Binding[]): ReadonlySet<string> {
  const names = new Set(unbound.map(({ name }) => name));
  for (const { kind, name } of bindings) if (kind === 'account') names.add(name);
  return names;
}
