// From records, ledger, configuration and time to the desired state; the order of input never matters.
import type { Config } from '../config/config.ts';
import { findDisabledBecause, readOperatorOverrides, type ResolvedAccess, resolveAccess } from './access.ts';
import { type JudgedGrant, resolveGrants } from './grants.ts';
import { buildAccounts, type BuiltAccounts } from './accounts.ts';
import { findMembers, listEnabled } from './groups/group-members.ts';
import { chooseGroups, type GroupChoice } from './groups/groups.ts';
import { CANARY, isCanary } from './groups/canary.ts';
import type { ChosenGroup } from './groups/new-groups.ts';
import { makePersonalGroups, type PersonalGroups } from './groups/personal-groups.ts';
import { collectAllocations, type Identity } from './identity/allocations.ts';
import { foldName } from './identity/match-lines.ts';
import { resolveIdentities } from './identity/identities.ts';
import type { FormerBinding } from './identity/former.ts';
import { compare } from '../common/text/compare.ts';
import { foldDomains, readUsername } from './identity/username.ts';
import { type FirstOwner, indexFirstOwners } from './keys/first-owners.ts';
import { compileKeyRules } from './keys/key-policy.ts';
import { resolveKeys } from './keys/person-keys.ts';
import type {
  Binding,
  DesiredAccount,
  DesiredGroup,
  DesiredState,
  Extension,
  Leftover,
  NodeFacts,
  Refusal,
  StoredGroup,
  StoredUser,
} from './model.ts';
import { checkServices, collectQuestions, type NameServices } from './name-services.ts';
import { findNotInStore } from './not-in-store.ts';
import type { Person } from './person.ts';
import { findUnmatchedOverrides } from './unmatched-overrides.ts';

/** Sudo is granted only if the last complete read of the store is younger, in seconds. */
const SUDO_AGE = 86_400;

export interface DesiredStateInput {
  readonly users: readonly StoredUser[];
  /** As the store has them; grants are added here. */
  readonly groups: readonly StoredGroup[];
  /** What operators granted for a while, and whether it counts now. */
  readonly grants: readonly JudgedGrant[];
  readonly bindings: readonly Binding[];
  /** What was moved to other SCIM ids or ids: a former uid or gid is never given again. */
  readonly former: readonly FormerBinding[];
  /** Who had keys on this node first. */
  readonly firstOwners: readonly FirstOwner[];
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
  /** The block list: names, userNames, SCIM ids and fingerprints. */
  readonly blocked: readonly string[];
  /** When the store was last read completely, epoch seconds; null: never. Without it, or a day later, no sudo. */
  readonly completeAt: number | null;
  /** What operators extended in an emergency, by SCIM id. */
  readonly extensions: ReadonlyMap<string, Extension>;
  /** What other name services of the node say of what is about to be granted. */
  readonly nameServices: NameServices;
  /**
   * Whether the records are all that the store has: it was read completely just now, and once before. Otherwise
   * nothing follows from what is not among them.
   */
  readonly isComplete: boolean;
}

/** The desired state. Pure: equal arguments, in any order, give an equal answer. */
export function computeDesiredState(input: DesiredStateInput): DesiredState {
  const { users, config, facts, now } = input;
  const { groups, ends, ended } = resolveGrants(config, input.groups, input.grants);
  const access = resolveAccess(config.access, groups);
  const ledger = indexLedger(input.bindings);
  const { accounts: bindings, primaryGids } = ledger;
  const services = checkServices(input.nameServices, config.nss.must_resolve);
  const known = { bindings: ledger.groups, primaryGids, former: input.former, facts, config, services, now };
  const choice = chooseGroups({ groups, access, ...known });
  const sudoGids = choice.chosen.filter(({ sudo }) => sudo).map(({ gid }) => gid);
  const overrides = readOperatorOverrides(config, input.blocked);
  const { people, others } = selectPeople(
    users,
    access.members,
    listLapsed(access, ended),
    bindings,
    overrides,
    config,
  );
  const allocations = collectAllocations(config, facts, bindings.values(), input.former);
  const resolved = resolveIdentities(people, allocations, new Set(sudoGids), input.blocked, services);
  const rules = compileKeyRules(config.keys, overrides.fingerprints, facts.keyTypes);
  const firstOwners = indexFirstOwners(input.firstOwners, input.former);
  const holders = { identities: resolved.identities, keyFiles: facts.keyFiles, firstOwners };
  const keys = resolveKeys(people, others, rules, holders);
  const built = buildAccounts(people, resolved.identities, keys, { ...input, loginEnds: ends.login });
  const isTaken = isManagedGroupTaken(config, facts);
  // With a managed group that belongs to this node, no grant and no change; revocations go on.
  const accounts = isTaken ? built.accounts.filter(({ disabled }) => disabled !== null) : built.accounts;
  const groupsOfStore = fillGroups(choice.chosen, accounts);
  const personal = makePersonalGroups({ accounts, groups: groupsOfStore, ...known });
  return {
    managedGroup: fillManagedGroup(config, accounts, facts),
    accounts,
    groups: [...groupsOfStore, ...personal.groups].sort((a, b) => compare(a.name, b.name)),
    sudoEnds: nameEnds(ends.sudo, accounts),
    endedGrants: ended,
    grantsSudo: isFresh(input) && !isTaken,
    bindings: [...built.bindings, ...choice.bindings, ...personal.bindings].sort(
      (a, b) => compare(a.kind, b.kind) || compare(a.scimId, b.scimId),
    ),
    leftovers: listLeftovers(input, { bindings, choice, built, personal, isTaken }),
    carried: [],
    ...readSettings(config, facts),
    questions: collectQuestions(
      [...choice.grants, ...resolved.grants, ...personal.grants],
      config.nss.must_resolve,
    ),
    refusals: [
      ...access.refusals,
      ...choice.refusals,
      ...resolved.refusals,
      ...built.refusals,
      ...findPublishedUnknown(facts, people, resolved.identities, allocations.domains),
      ...(isTaken ? [MANAGED_GROUP_TAKEN] : []),
      ...(input.completeAt === null ? [] : findUnmatchedOverrides(users, bindings.values(), config)),
    ].sort(compareRefusals),
  };
}

/** A clock that was set back makes no record younger. */
function isFresh({ completeAt, now }: DesiredStateInput): boolean {
  return completeAt !== null && Math.abs(now - completeAt) <= SUDO_AGE;
}

/** The canary is a member, since sshd's rules for managed accounts are what it has to prove. */
function fillManagedGroup(
  { accounts: { backend, primary_group: name, primary_gid: gid }, canary }: Config,
  accounts: readonly DesiredAccount[],
  { foreignAccounts }: NodeFacts,
): DesiredState['managedGroup'] {
  const listed = accounts.filter(({ needsManagedGroup }) => needsManagedGroup).map(({ entry }) => entry.name);
  const hasCanary = backend === 'local' && canary.every !== null && foreignAccounts.some(isCanary);
  return { name, gid, members: hasCanary ? [...listed, CANARY].sort(compare) : listed };
}

/** What the plan has to know of the configuration and of this node's sshd. */
function readSettings({ accounts: { homes, home }, offboarding }: Config, { expiry }: NodeFacts) {
  return {
    expiry,
    makesHomes: homes === 'create',
    sharedHome: home.includes('%u') ? null : home,
    hasHook: offboarding.hook !== null,
  };
}

/** What else the ledger binds, or is in the managed group. */
function listLeftovers(
  { users, facts, config, now, isComplete }: DesiredStateInput,
  found: {
    readonly bindings: ReadonlyMap<string, Binding>;
    readonly choice: GroupChoice;
    readonly built: BuiltAccounts;
    readonly personal: PersonalGroups;
    readonly isTaken: boolean;
  },
): Leftover[] {
  const { bindings, choice, built, personal, isTaken } = found;
  return [
    ...choice.leftovers.flatMap((leftover) => endPersonal(leftover, bindings, personal.groups)),
    ...built.leftovers,
    ...findUnrecorded(bindings, users, config, now),
    ...findNotInStore(facts.unbound, built.accounts, isComplete),
    ...(isTaken ? leaveEnabled(built.accounts) : []),
  ].sort(compareLeftovers);
}

/** Bindings by SCIM id, and all primary gids of accounts. */
function indexLedger(bindings: readonly Binding[]) {
  const accounts = new Map<string, Binding>();
  const groups = new Map<string, Binding>();
  const primaryGids = new Set<number>();
  for (const binding of bindings) {
    if (binding.kind === 'account' && binding.gid !== null) primaryGids.add(binding.gid);
    (binding.kind === 'account' ? accounts : groups).set(binding.scimId, binding);
  }
  return { accounts, groups, primaryGids };
}

/** The people that this node knows (bound, or in an access group), and the other users of the store. */
function selectPeople(
  users: readonly StoredUser[],
  members: ReadonlySet<string>,
  lapsed: ReadonlySet<string>,
  bindings: ReadonlyMap<string, Binding>,
  overrides: ReturnType<typeof readOperatorOverrides>,
  config: Config,
): { readonly people: readonly Person[]; readonly others: readonly StoredUser[] } {
  const people: Person[] = [];
  const others: StoredUser[] = [];
  const domains = foldDomains(config.accounts.domains);
  const nameNewcomer = ({ username }: StoredUser['record']): string | null => {
    // Most configurations have no overrides, and this would be asked of each newcomer.
    const reading = config.overrides.length === 0 ? null : readUsername(username, domains);
    return reading?.ok === true ? reading.name : null;
  };
  for (const user of users) {
    const { record, absent } = user;
    const binding = bindings.get(record.id) ?? null;
    const member = members.has(record.id);
    if (binding === null && (!member || absent)) {
      if (!absent) others.push(user);
      continue;
    }
    const rules = overrides.rulesFor(record, binding?.name ?? nameNewcomer(record));
    const listed = overrides.isListed(record.userName);
    const { active } = record;
    const reason = findDisabledBecause({ block: rules.block, active, absent, member, listed });
    const disabled = reason === 'no-access-group' && lapsed.has(record.id) ? 'grant-ended' : reason;
    const isEnabledByStore = active && !absent && member;
    people.push({ user, rules, binding, disabled, isEnabledByStore });
  }
  return { people, others };
}

/** Who was in an access group by a grant that ended lately. */
function listLapsed({ accessGroups }: ResolvedAccess, ended: ReadonlySet<string>): ReadonlySet<string> {
  const ids = new Set(accessGroups.map(({ id }) => id));
  return new Set(
    [...ended].flatMap((one) => {
      const [person = '', group = ''] = one.split('\n');
      return ids.has(group) ? [person] : [];
    }),
  );
}

/** By account name. */
function nameEnds(
  ends: ReadonlyMap<string, number>,
  accounts: readonly DesiredAccount[],
): ReadonlyMap<string, number> {
  if (ends.size === 0) return ends;
  return new Map(
    accounts.flatMap(({ scimId, entry }) => {
      const until = ends.get(scimId);
      return until === undefined ? [] : [[entry.name, until] as const];
    }),
  );
}

function fillGroups(chosen: readonly ChosenGroup[], accounts: readonly DesiredAccount[]): DesiredGroup[] {
  const enabled = listEnabled(accounts);
  return chosen
    .map(({ record, name, gid, sudo }) => ({
      scimId: record.id,
      name,
      gid,
      members: findMembers(record.members, enabled),
      sudo,
    }))
    .sort((a, b) => compare(a.name, b.name));
}

/** The group that was made for an account's primary gid goes when no account has that gid any more. */
function endPersonal(
  leftover: Leftover,
  accounts: ReadonlyMap<string, Binding>,
  personal: readonly DesiredGroup[],
): Leftover[] {
  if (leftover.fate !== 'leave' || !accounts.has(leftover.scimId)) return [leftover];
  return personal.some(({ name }) => name === leftover.name) ? [] : [{ ...leftover, fate: 'remove' }];
}

function isManagedGroupTaken({ accounts }: Config, { foreignGroups }: NodeFacts): boolean {
  return foreignGroups.some(
    ({ name, gid }) => name === accounts.primary_group || gid === accounts.primary_gid,
  );
}

const MANAGED_GROUP_TAKEN: Refusal = {
  scimId: '',
  kind: 'Group',
  code: 'marker-taken',
  detail:
    'a local group has the name or gid of accounts.primary_group: no access is granted until one of them changes',
};

/** What another program publishes on this node under a name that no person of the store has. */
function findPublishedUnknown(
  { published }: NodeFacts,
  people: readonly Person[],
  identities: ReadonlyMap<string, Identity>,
  domains: ReadonlySet<string>,
): Refusal[] {
  if (published === null || published.accounts.length === 0) return [];
  const names = new Set([...identities.values()].map(({ name }) => name));
  for (const { user } of people) {
    const reading = readUsername(user.record.username, domains);
    if (reading.ok) names.add(reading.name);
  }
  return published.accounts
    .filter(({ name, isDecided }) => !isDecided && !names.has(name) && !names.has(foldName(name)))
    .map(({ name, uid }) => ({
      scimId: '',
      kind: 'User',
      code: 'published-unknown',
      detail: `this node resolves ${name} with the uid ${uid}, and no person with access at the store has that name: it stays as it is until sunk-agent import FILE --unknown keep, retire or drop`,
    }));
}

/** Bound accounts without a record: left alone, but for a disabled one whose retention is over. */
function findUnrecorded(
  bindings: ReadonlyMap<string, Binding>,
  users: readonly StoredUser[],
  config: Config,
  now: number,
): Leftover[] {
  const recorded = new Set(users.map(({ record }) => record.id));
  const unrecorded: Leftover[] = [];
  for (const [scimId, binding] of bindings) {
    if (recorded.has(scimId)) continue;
    const isOver = binding.disabledAt !== null && now >= binding.disabledAt + config.accounts.retention;
    unrecorded.push({ scimId, kind: 'account', name: binding.name, fate: isOver ? 'remove' : 'leave' });
  }
  return unrecorded;
}

function leaveEnabled(accounts: readonly DesiredAccount[]): Leftover[] {
  return accounts
    .filter(({ disabled }) => disabled === null)
    .map(({ scimId, entry }) => ({ scimId, kind: 'account', name: entry.name, fate: 'leave' }));
}

function compareLeftovers(a: Leftover, b: Leftover): number {
  return compare(a.kind, b.kind) || compare(a.name, b.name) || compare(a.fate, b.fate);
}

function compareRefusals(a: Refusal, b: Refusal): number {
  return (
    compare(a.kind, b.kind) ||
    compare(a.scimId, b.scimId) ||
    compare(a.code, b.code) ||
    compare(a.detail, b.detail)
  );
}
