// One sync as a pure function: from records, ledger, host and configuration to the decision; it changes nothing.
import { isPublisher } from '../../config/accounts.ts';
import { readOperatorOverrides, resolveAccess } from '../../policy/access.ts';
import { computeDesiredState, type DesiredStateInput } from '../../policy/desired-state.ts';
import { adoptLost } from '../../policy/ledger/adopt.ts';
import { followConfig } from '../../policy/identity/former.ts';
import { findStranded, findSuccessions, type Succession } from '../../policy/ledger/succession.ts';
import type { FirstOwnerChanges } from '../../policy/keys/first-owners.ts';
import { addDecisions, carryInherited, type InheritedRow } from '../../policy/inherited/inherited.ts';
import type { Binding, DesiredState, NodeFacts } from '../../policy/model.ts';
import type { NameServices } from '../../policy/name-services.ts';
import { applyGrants, type JudgedGrant } from '../../policy/grants.ts';
import type { ActualState } from '../actual.ts';
import { type Change, isAccountChange } from '../change.ts';
import { splitExchanges } from '../guard/freeze.ts';
import { guard } from '../guard/guard.ts';
import type { GuardRecord, GuardVerdict } from '../guard/guard-model.ts';
import type { HostState } from '../host-state.ts';
import { readActualState, readNodeFacts } from '../managed-state.ts';
import { planChanges } from '../plan.ts';
import { settleSudoers } from '../plan-sudoers.ts';
import { asOnHost } from '../former-ids.ts';
import { keepHeld } from './keep-held.ts';
import { listNotInStore, type UnmanagedAccount } from './list-not-in-store.ts';
import { planFirstOwners } from './plan-first-owners.ts';

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
  /** People and groups that were created again at the store and are refused here until `sunk-agent rebind`. */
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
