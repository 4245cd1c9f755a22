// What of Slurm's changes waits for approval: many people who lose accounts, and accounts that get more.
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/plan/change.ts';
import { DISABLED_DAY } from '../../../../src/plan/actual.ts';
import type { GuardQuestion } from '../../../../src/plan/guard/guard-model.ts';
import { guardSlurm } from '../../../../src/plan/slurm/guard-slurm.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { makeHost } from '../../../support/records/model-host.ts';
import { makeConfig, makeGroup, makeInput, makeUser, NOW } from '../../../support/records/organisation.ts';

const NAMES = Array.from({ length: 10 }, (_, n) => `p${n}`);
const CONFIG = makeConfig(`
access: { groups: [{ name: slurm-users, id: g-users }] }
accounts: { domains: [example.com] }
limits: { max_loss: { share: 0.2, at_least: 2, at_most: 100, window: 1h }, max_gain: { slurm_limits: 1, window: 1d } }
`);
const users = NAMES.map((name, n) => makeUser(name, 20_100 + n));
const groups = [
  makeGroup(
    'users',
    31_000,
    NAMES.map((name) => `u-${name}`),
    { name: 'slurm-users' },
  ),
];

function guard(
  changes: readonly Change[],
  more: Partial<GuardQuestion> = {},
  disabled: readonly string[] = [],
) {
  const host = makeHost();
  const desired = computeDesiredState(makeInput({ users, groups, config: CONFIG }));
  for (const { entry } of desired.accounts)
    host.accounts.set(entry.name, { entry, expiryDay: disabled.includes(entry.name) ? DISABLED_DAY : null });
  return guardSlurm({
    changes,
    desired,
    actual: host,
    users,
    groups,
    config: CONFIG,
    record: { done: [], heldSince: new Map() },
    approved: new Set(),
    freezeReason: null,
    now: NOW,
    ...more,
  });
}
const lose = (name: string, isEnabled = true): Change[] =>
  (['slurm-submit-stop', 'slurm-association-remove'] as const).map((kind) => ({
    kind,
    scimId: `u-${name}`,
    name,
    account: 'ml',
    because: 'not in a group of that account',
    isEnabled,
  }));
const alter = (name: string, raises: boolean): Change => ({
  kind: 'slurm-account-alter',
  scimId: `g-${name}`,
  name,
  because: 'the rule says so',
  raises,
  settings: { parent: null, qos: null, defaultQos: null, fairshare: 5, limits: {} },
});
const add: Change = {
  kind: 'slurm-association-add',
  scimId: 'u-p0',
  name: 'p0',
  account: 'bio',
  uid: 20_100,
  isFirst: false,
  because: 'in a group of that account',
};

describe('people who lose Slurm accounts', () => {
  test('go up to the limit, however many changes each has', () => {
    const changes = [...lose('p0'), ...lose('p1')];
    expect(guard(changes)).toMatchObject({ go: changes, held: [] });
  });

  test('wait beyond it, all together, with what else would happen to them', () => {
    const others = alter('ml', false);
    const losses = ['p0', 'p1', 'p2'].flatMap((name) => lose(name));
    const { go, held } = guard([...losses, add, others]);
    expect(go).toEqual([others]);
    expect(held).toMatchObject([
      {
        kind: 'loss',
        reason:
          '3 of 10 people would lose Slurm accounts, keys or memberships within 1 h; limits.max_loss allows 2',
        actsAt: null,
      },
    ]);
    expect(held[0]?.changes).toEqual(expect.arrayContaining([...losses, add]));
  });

  test('are a share of those who were there when the window began, also who cannot log in any more', () => {
    const left = NAMES.slice(2);
    const past = users.map((user) =>
      left.includes(user.record.userName.split('@')[0] ?? '')
        ? { ...user, record: { ...user.record, active: false } }
        : user,
    );
    const done = left.map((name) => ({
      at: NOW - 600,
      scimId: `u-${name}`,
      kind: 'slurm-association-remove:lose-association',
    }));
    const config = {
      ...CONFIG,
      limits: { ...CONFIG.limits, max_loss: { ...CONFIG.limits.max_loss, share: 1 } },
    };
    const desired = computeDesiredState(makeInput({ users: past, groups, config }));
    const question = { users: past, config, desired, record: { done, heldSince: new Map<string, number>() } };
    const changes = [...lose('p0'), ...lose('p1')];
    expect(guard(changes, question, left)).toMatchObject({ go: changes, held: [] });
  });

  test('count those who lost something within the window, and no others', () => {
    const done = ['p5', 'p6'].map((name) => ({
      at: NOW - 600,
      scimId: `u-${name}`,
      kind: 'slurm-association-remove:lose-association',
    }));
    const record = { done, heldSince: new Map<string, number>() };
    expect(guard(lose('p0'), { record }).held).toHaveLength(1);
    const old = { ...record, done: done.map((one) => ({ ...one, at: NOW - 3601 })) };
    expect(guard(lose('p0'), { record: old }).held).toEqual([]);
    const same = { ...record, done: done.map((one) => ({ ...one, scimId: 'u-p0' })) };
    expect(guard(lose('p0'), { record: same }).held).toEqual([]);
  });

  test('are a share of those whose account is enabled', () => {
    const losses = ['p0', 'p1', 'p2'].flatMap((name) => lose(name));
    expect(guard(losses, {}, NAMES.slice(5)).held).toMatchObject([
      { reason: expect.stringMatching(/^3 of 5 people /) },
    ]);
  });

  test('because their account was disabled are not judged again', () => {
    const losses = NAMES.flatMap((name) => lose(name, false));
    expect(guard(losses)).toMatchObject({ go: losses, held: [] });
  });

  test('go once that very set is approved', () => {
    const losses = ['p0', 'p1', 'p2'].flatMap((name) => lose(name));
    const [set] = guard(losses).held;
    expect(guard(losses, { approved: new Set([set?.hash ?? '']) })).toMatchObject({ go: losses, held: [] });
  });
});

describe('accounts that get more', () => {
  test('go up to the limit, and wait beyond it, alone', () => {
    expect(guard([alter('ml', true)]).held).toEqual([]);
    const { go, held } = guard([alter('ml', true), alter('bio', true), alter('vision', false), add]);
    expect(go).toEqual([alter('vision', false), add]);
    expect(held).toMatchObject([
      {
        kind: 'gain',
        reason:
          '2 Slurm accounts would get more QOS, limits or shares within 24 h; limits.max_gain.slurm_limits allows 1',
        changes: [alter('ml', true), alter('bio', true)],
        actsAt: null,
      },
    ]);
  });

  test('count what was raised within the window', () => {
    const done = [{ at: NOW - 600, scimId: 'g-bio', kind: 'slurm-account-alter:raise-limits' }];
    const { held } = guard([alter('ml', true)], { record: { done, heldSince: new Map() } });
    expect(held).toMatchObject([{ kind: 'gain', reason: expect.stringMatching(/^2 Slurm accounts /) }]);
  });
});
