// A node with many people, taken from pass to pass through policy, plan and guard, as the agent does it.
import type { Config } from '../../../src/config/config.ts';
import type { GuardRecord, GuardVerdict } from '../../../src/plan/guard/guard-model.ts';
import { planSync, type SyncPlan } from '../../../src/plan/sync/plan-sync.ts';
import type { Binding, StoredGroup, StoredUser } from '../../../src/policy/model.ts';
import type { FirstOwner } from '../../../src/policy/keys/first-owners.ts';
import type { JudgedGrant } from '../../../src/policy/grants.ts';
import type { FormerBinding } from '../../../src/policy/identity/former.ts';
import { CONFIG, makeGroup, makeUser, NOW } from './organisation.ts';
import { applyChanges, makeHost, toHostState, type ModelHost } from './model-host.ts';

export interface Node {
  readonly host: ModelHost;
  bindings: Binding[];
  former: FormerBinding[];
  firstOwners: FirstOwner[];
  done: GuardRecord['done'][number][];
  heldSince: ReadonlyMap<string, number>;
}

export interface Overrides {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly config?: Config;
  readonly now?: number;
  readonly blocked?: readonly string[];
  readonly approved?: readonly string[];
  readonly isFrozen?: boolean;
  readonly grants?: readonly JudgedGrant[];
}

export const makeNode = (): Node => ({
  host: makeHost(),
  bindings: [],
  former: [],
  firstOwners: [],
  done: [],
  heldSince: new Map(),
});

/** One sync, as agent/reconcile/sync.ts does it. */
export function runSync(
  node: Node,
  overrides: Overrides,
): GuardVerdict & Pick<SyncPlan, 'changes' | 'desired' | 'stranded'> {
  const {
    users,
    groups,
    config = CONFIG,
    now = NOW,
    blocked = [],
    approved = [],
    isFrozen = false,
  } = overrides;
  const { host, bindings } = node;
  const plan = planSync({
    users,
    groups,
    bindings,
    former: node.former,
    grants: overrides.grants ?? [],
    host: toHostState(host),
    inherited: [],
    firstOwners: node.firstOwners,
    answers: null,
    config,
    now,
    blocked,
    approved: new Set(approved),
    frozenUntil: isFrozen ? now + 1 : 0,
    extensions: new Map(),
    completeAt: now,
    isComplete: false,
    guardRecord: { done: node.done, heldSince: node.heldSince },
    isRecordable: true,
  });
  const { verdict, changes } = plan;
  const ledger = new Map(bindings.map((binding) => [`${binding.kind} ${binding.scimId}`, binding]));
  for (const binding of plan.bindings) ledger.set(`${binding.kind} ${binding.scimId}`, binding);
  node.bindings = [...ledger.values()];
  const { remember, forget } = plan.firstOwners;
  const owners = new Map(node.firstOwners.map(({ fingerprint, scimId }) => [fingerprint, scimId]));
  for (const fingerprint of forget) owners.delete(fingerprint);
  for (const { fingerprint, scimId } of remember) owners.set(fingerprint, scimId);
  node.firstOwners = [...owners].map(([fingerprint, scimId]) => ({ fingerprint, scimId }));
  applyChanges(host, verdict.go);
  for (const change of verdict.go) {
    node.done.push({ at: now, scimId: change.scimId, kind: verdict.kinds.get(change) ?? change.kind });
  }
  node.heldSince = verdict.remember;
  return { ...verdict, changes, desired: plan.desired, stranded: plan.stranded };
}

/** `count` people p1 to pN, all in the access group; `alter` may change each. */
export function makeOverrides(
  count: number,
  alter: (user: StoredUser, n: number) => StoredUser = (user) => user,
  more: Partial<Overrides> = {},
): Overrides & { users: StoredUser[]; groups: StoredGroup[] } {
  const names = Array.from({ length: count }, (_, index) => `p${index + 1}`);
  const users = names.map((name, index) => alter(makeUser(name, 20100 + index), index + 1));
  const members = names.map((name) => `u-${name}`);
  return {
    users,
    groups: [
      makeGroup('users', 31000, members, { name: 'slurm-users' }),
      makeGroup('admins', 31001, members.slice(0, 1), { name: 'slurm-admins' }),
    ],
    ...more,
  } as Overrides & { users: StoredUser[]; groups: StoredGroup[] };
}

export const inactive = (user: StoredUser): StoredUser => ({
  ...user,
  record: { ...user.record, active: false },
});

export const absent = (user: StoredUser): StoredUser => ({ ...user, absent: true });
