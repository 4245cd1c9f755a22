// From records, ledger, configuration and time to the desired state; the order of input never matters.
import type { Config } from '../config/config.ts';
import { readOperatorOverrides, resolveAccess } from './access.ts';
import { type JudgedGrant, nameEnds, resolveGrants } from './grants.ts';
import { buildAccounts } from './accounts.ts';
import { fillGroups } from './groups/group-members.ts';
import { chooseGroups } from './groups/groups.ts';
import { fillManagedGroup, isManagedGroupTaken, MANAGED_GROUP_TAKEN } from './groups/managed-group.ts';
import { makePersonalGroups } from './groups/personal-groups.ts';
import { collectAllocations } from './identity/allocations.ts';
import { resolveIdentities } from './identity/identities.ts';
import type { FormerBinding } from './identity/former.ts';
import { compare } from '../common/text/compare.ts';
import { findPublishedUnknown } from './inherited/published-unknown.ts';
import { type FirstOwner, indexFirstOwners } from './keys/first-owners.ts';
import { compileKeyRules } from './keys/key-policy.ts';
import { resolveKeys } from './keys/person-keys.ts';
import { listLeftovers } from './leftovers.ts';
import type {
  Binding,
  DesiredState,
  Extension,
  NodeFacts,
  Refusal,
  StoredGroup,
  StoredUser,
} from './model.ts';
import { checkServices, collectQuestions, type NameServices } from './name-services.ts';
import { selectPeople } from './person.ts';
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
  const { people, others } = selectPeople({ users, bindings, access, ended, overrides, config });
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
    leftovers: listLeftovers({
      ...input,
      unbound: facts.unbound,
      bindings,
      choice,
      built,
      personal,
      isTaken,
    }),
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

/** What the plan has to know of the configuration and of this node's sshd. */
function readSettings({ accounts: { homes, home }, offboarding }: Config, { expiry }: NodeFacts) {
  return {
    expiry,
    makesHomes: homes === 'create',
    sharedHome: home.includes('%u') ? null : home,
    hasHook: offboarding.hook !== null,
  };
}

/** Bindings by SCIM id, and all primary gids of accounts. */
function indexLedger(bindings: readonly Binding[]) {
  const accounts = new Map<string, Binding>();
  const groups = new Map<string, Binding>();
  const primaryGids = new Set<number>();
  for (const binding of bindings) {
    if (binding.gid !== null) primaryGids.add(binding.gid);
    (binding.kind === 'account' ? accounts : groups).set(binding.scimId, binding);
  }
  return { accounts, groups, primaryGids };
}

function compareRefusals(a: Refusal, b: Refusal): number {
  return (
    compare(a.kind, b.kind) ||
    compare(a.scimId, b.scimId) ||
    compare(a.code, b.code) ||
    compare(a.detail, b.detail)
  );
}
