import { describe, expect, test } from 'vitest';
import { countPresent } from '../../../../src/agent/reconcile/present-accounts.ts';
import type { Applied } from '../../../../src/host/host.ts';
import { makeNode, makeOverrides, runSync, type Overrides } from '../../../support/records/fleet.ts';
import { planSync } from '../../../../src/plan/sync/plan-sync.ts';
import { CONFIG, NOW } from '../../../support/records/organisation.ts';
import { toHostState } from '../../../support/records/model-host.ts';

/** The plan of a node, and what of it is tried: all that the guard lets go, but for these kinds, which fail. */
function sync(
  node: ReturnType<typeof makeNode>,
  { users, groups }: Overrides,
  failing: readonly string[] = [],
) {
  const plan = planSync({
    users,
    groups,
    bindings: node.bindings,
    former: [],
    grants: [],
    inherited: [],
    firstOwners: [],
    host: toHostState(node.host),
    answers: null,
    config: CONFIG,
    now: NOW,
    blocked: [],
    approved: new Set(),
    frozenUntil: 0,
    extensions: new Map(),
    completeAt: NOW,
    isComplete: false,
    guardRecord: { done: node.done, heldSince: node.heldSince },
    isRecordable: true,
  });
  const applied = plan.verdict.go.map((change): Applied =>
    failing.includes(change.kind)
      ? { change, at: NOW, ok: false, problem: 'no' }
      : { change, at: NOW, ok: true },
  );
  return { held: plan.verdict.held.length, ...countPresent(plan, applied) };
}

describe('who can use the node', () => {
  const people = makeOverrides(9);
  const empty = {
    ...people,
    groups: people.groups.map((group) => ({ ...group, record: { ...group.record, members: [] } })),
  };

  test('are those that the sync let in', () => {
    expect(sync(makeNode(), people)).toMatchObject({ accountsEnabled: 9, accountsDisabled: 0 });
  });

  test('are not those whose account could not be made', () => {
    expect(sync(makeNode(), people, ['account-create'])).toMatchObject({
      accountsEnabled: 0,
      accountsDisabled: 0,
    });
  });

  test('are all nine, with their keys, while the guard holds an emptied group', () => {
    const node = makeNode();
    runSync(node, people);
    const { keyExpiry } = sync(node, people);
    expect(keyExpiry).not.toBeNull();
    const emptied = sync(node, empty);
    expect(emptied.held).toBeGreaterThan(0);
    expect(emptied).toMatchObject({ accountsEnabled: 9, accountsDisabled: 0, keyExpiry });
  });

  test('are those whose account could not be closed', () => {
    const node = makeNode();
    runSync(node, people);
    const [first, ...others] = people.users;
    const without = {
      ...people,
      users: [{ ...first!, record: { ...first!.record, active: false } }, ...others],
    };
    expect(sync(node, without)).toMatchObject({ accountsEnabled: 8, accountsDisabled: 1 });
    expect(sync(node, without, ['account-close', 'keys-remove'])).toMatchObject({
      accountsEnabled: 9,
      accountsDisabled: 0,
    });
  });
});
