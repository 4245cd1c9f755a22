// One sync as a pure function: from records, ledger, host and configuration to the decision; it changes nothing.
import { isPublisher } from '../config/accounts.ts';
import { readOperatorOverrides, resolveAccess } from '../policy/access.ts';
import { computeDesiredState, type DesiredStateInput } from '../policy/desired-state.ts';
import { adoptLost } from '../policy/identity/adopt.ts';
import { followConfig } from '../policy/identity/former.ts';
import { chooseHome } from '../policy/identity/profile.ts';
import { foldDomains, readUsername } from '../policy/identity/username.ts';
import { findStranded, findSuccessions, type Succession } from '../policy/identity/succession.ts';
import { type FirstOwnerChanges, updateFirstOwners } from '../policy/keys/first-owners.ts';
import { readKeys } from '../policy/keys/ssh-key.ts';
import { addDecisions, carryInherited, type InheritedRow } from '../policy/inherited.ts';
import type { Binding, DesiredState, NodeFacts } from '../policy/model.ts';
import type { NameServices } from '../policy/name-services.ts';
import { applyGrants, type JudgedGrant } from '../policy/grants.ts';
import { isNotInStore } from '../policy/not-in-store.ts';
import { type ActualState, DISABLED_DAY } from './actual.ts';
import { type Change, isAccountChange } from './change.ts';
import { splitExchanges } from './guard/freeze.ts';
import { guard } from './guard/guard.ts';
import type { GuardRecord, GuardVerdict } from './guard/guard-model.ts';
import type { HostState } from './host-state.ts';
import { readActualState, readNodeFacts } from './managed-state.ts';
import { listLeavingKeys } from './plan-keys.ts';
import { planChanges } from './plan.ts';
import { settleSudoers } from './plan-sudoers.ts';
import { asOnHost } from './former-ids.ts';

/** Everything that a decision depends on. */
export interface SyncInput extends Omit<DesiredStateInput, 'facts' | 'nameServices'> {
  readonly host: HostState;
  /** What operators decided of a former publisher's accounts and groups. */
  readonly inherited: readonly InheritedRow[];
  /** What the host's name services answered to the questions of a first plan; null: they have not been asked. */
  readonly answers: NameServices['answers'];
  /** Hashes of held sets that operators approved. */
  readonly approved: ReadonlySet<string>;
  /** Epoch seconds until which the node is frozen; 0: it is not. */
  readonly frozenUntil: number;
  readonly guardRecord: GuardRecord;
  /** Whether the state database can be written; without it no access is granted, since it could not be recorded. */
  readonly isRecordable: boolean;
}

/** An account of the managed group that neither ledger nor store knows, and that is not disabled or still has keys. */
export interface UnmanagedAccount {
  readonly name: string;
  /** Its line lets no one in. */
  readonly isDisabled: boolean;
  /** Whether a key file of this program still serves it. */
  readonly hasKeys: boolean;
}

/** What a sync would do, and why; nothing has been done yet. */
export interface SyncPlan {
  readonly desired: DesiredState;
  /** What the policy knew of the node. */
  readonly facts: NodeFacts;
  readonly actual: ActualState;
  readonly changes: readonly Change[];
  readonly verdict: GuardVerdict;
  /** What to record in the ledger before anything is applied: adopted, new and changed bindings. */
  readonly bindings: readonly Binding[];
  /** What to record of first owners before anything is applied. */
  readonly firstOwners: FirstOwnerChanges;
  /** People and groups that were created again at the store and are refused here: `sunk-agent rebind` is the way out. */
  readonly stranded: readonly Succession[];
  /** What operators granted for a while, and whether it counts now. */
  readonly grants: readonly JudgedGrant[];
  /** Accounts of the managed group that are not managed, because neither ledger nor store knows them. */
  readonly notInStore: readonly UnmanagedAccount[];
}

export const FROZEN = 'this node is frozen: no grants and no absences (sunk-agent thaw)';
const UNRECORDED = 'the state database cannot be written: no grants and no absences until it can';

/** Policy, plan and guard. Pure: equal input, in any order, gives an equal decision. */
export function planSync(given: SyncInput): SyncPlan {
  const input = { ...given, config: followConfig(given.config, given.former) };
  const { users, host, config, now, blocked, former, grants } = input;
  const groups = applyGrants(input.groups, grants);
  const access = resolveAccess(config.access, groups);
  const overrides = readOperatorOverrides(config, blocked);
  const readFacts = (ledger: readonly Binding[]): NodeFacts =>
    addDecisions(readNodeFacts(host, asOnHost(ledger, former, host.own), config), input.inherited, ledger);
  const known = readFacts(input.bindings);
  const adopted = adoptLost({ ...input, facts: known, access, overrides });
  const bindings = [...input.bindings, ...adopted];
  const facts = adopted.length === 0 ? known : readFacts(bindings);
  const decided = computeDesiredState({
    ...input,
    bindings,
    facts,
    nameServices: { services: host.services, answers: input.answers },
  });
  const desired = isPublisher(config.accounts) ? carryOver(decided, input, bindings, facts) : decided;
  const actual = readActualState(host, asOnHost(bindings, former, host.own), desired, config);
  const isFollower = config.accounts.backend === 'published';
  const planned = planChanges(desired, actual).filter((change) => !(isFollower && isAccountChange(change)));
  const freezeReason = !input.isRecordable ? UNRECORDED : input.frozenUntil > now ? FROZEN : null;
  const changes = freezeReason === null ? planned : splitExchanges(planned, desired);
  const { approved, guardRecord: record } = input;
  const judged = guard({
    changes,
    desired,
    actual,
    users,
    groups,
    config,
    record,
    approved,
    freezeReason,
    now,
  });
  const verdict = { ...judged, go: settleSudoers(judged.go, changes, desired, actual) };
  return {
    grants,
    desired,
    facts,
    actual,
    changes,
    verdict,
    bindings: keepHeld([...adopted, ...desired.bindings], bindings, verdict),
    firstOwners: planFirstOwners({ ...input, bindings }, planned, desired, actual),
    stranded: findStranded(findSuccessions({ users, groups, bindings, config }), desired.refusals),
    notInStore: config.mode === 'observe' || isFollower ? [] : listNotInStore(desired, actual, host),
  };
}

/** Nothing is published beside another publisher (mode: observe), so nothing of that one is carried over. */
function carryOver(
  desired: DesiredState,
  { inherited: rows, host, config, now }: SyncInput,
  bindings: readonly Binding[],
  facts: NodeFacts,
): DesiredState {
  if (config.mode === 'observe') return desired;
  const { own, published } = host;
  return carryInherited(desired, { rows, found: published?.lines ?? [], own, bindings, facts, config, now });
}

/** A person whose revocation is held stays enabled in the ledger too, and one whose return is held stays disabled. */
function keepHeld(
  bindings: readonly Binding[],
  recorded: readonly Binding[],
  { held }: GuardVerdict,
): Binding[] {
  const waiting = new Set(held.flatMap((set) => set.changes.map(({ scimId }) => scimId)));
  if (waiting.size === 0) return [...bindings];
  const accounts = recorded.filter(({ kind }) => kind === 'account');
  const before = new Map(accounts.map(({ scimId, disabledAt }) => [scimId, disabledAt]));
  return bindings.map((binding) => {
    const disabledAt = binding.kind === 'account' ? (before.get(binding.scimId) ?? null) : null;
    return waiting.has(binding.scimId) ? { ...binding, disabledAt } : binding;
  });
}

function planFirstOwners(
  { users, bindings, former, firstOwners, config, blocked, now }: SyncInput,
  changes: readonly Change[],
  { refusals }: DesiredState,
  { keyFiles }: ActualState,
): FirstOwnerChanges {
  const shared = refusals.flatMap(({ code, scimId, fingerprint }) =>
    code === 'key-shared' && fingerprint !== undefined ? [{ scimId, fingerprint }] : [],
  );
  const overrides = readOperatorOverrides(config, blocked);
  return updateFirstOwners({
    recorded: firstOwners,
    leaving: listLeavingKeys(changes, keyFiles),
    shared,
    users,
    bindings,
    former,
    listKeys: ({ record, readings }, name) => {
      const { addKeys } = overrides.rulesFor(record, name);
      return addKeys.length === 0 ? readings : [...readings, ...readKeys(addKeys)];
    },
    retention: config.accounts.retention,
    now,
  });
}

function listNotInStore(
  { leftovers }: DesiredState,
  { keyFiles }: ActualState,
  { own }: HostState,
): UnmanagedAccount[] {
  return leftovers.filter(isNotInStore).flatMap(({ name }) => {
    const isDisabled = own.accounts.get(name)?.expiryDay === DISABLED_DAY;
    const hasKeys = keyFiles.has(name);
    return isDisabled && !hasKeys ? [] : [{ name, isDisabled, hasKeys }];
  });
}

/** The homes that a plan may want to know of, for the one reading of the host. */
export function listHomes({
  users,
  groups,
  bindings,
  former,
  config,
  grants,
}: Pick<SyncInput, 'users' | 'groups' | 'bindings' | 'former' | 'config' | 'grants'>): string[] {
  const { members } = resolveAccess(followConfig(config, former).access, applyGrants(groups, grants));
  const domains = foldDomains(config.accounts.domains);
  const homes = new Map<string, string | null>();
  for (const { kind, scimId, home } of bindings) if (kind === 'account') homes.set(scimId, home);
  return users.flatMap(({ record, absent }) => {
    if (absent || !record.active || !members.has(record.id)) return [];
    const home = homes.get(record.id) ?? null;
    if (home !== null) return [home];
    const reading = readUsername(record.username, domains);
    const choice = reading.ok ? chooseHome(record.home, reading.name, config.accounts) : null;
    return choice?.ok === true ? [choice.home] : [];
  });
}
