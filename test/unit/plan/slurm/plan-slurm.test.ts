// From what Slurm should have to what it has: against a Slurm in memory, over generated organisations and foreign rows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slurm as slurmConfig } from '../../../../src/config/slurm.ts';
import { toBatches } from '../../../../src/agent/slurm/slurm-steps.ts';
import type { SlurmPlan } from '../../../../src/plan/slurm/plan-model.ts';
import { isAtRest, planSlurm } from '../../../../src/plan/slurm/plan-slurm.ts';
import type { SlurmOwned } from '../../../../src/plan/slurm/slurm-rows.ts';
import { computeDesiredSlurm } from '../../../../src/policy/slurm/desired-slurm.ts';
import { type FakeSlurm, makeFakeSlurm } from '../../../support/slurm/fake-slurm.ts';
import { makeGroup } from '../../../support/records/organisation.ts';

const NO_ONE: ReadonlySet<string> = new Set();
const NO_STOPS = { now: 0, at: new Map<string, number>(), blocked: NO_ONE };
const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
const ACCOUNTS = ['ml', 'bio', 'vision'] as const;
const uidOf = (name: string): number => 20_000 + name.charCodeAt(0);

interface World {
  readonly members: Readonly<Record<string, readonly string[]>>;
  readonly enabled: readonly string[];
  readonly rules?: readonly object[];
}

const RULES = [
  { group: 'ml', default: true },
  { group: 'bio', parent: 'ml', fairshare: 4, qos: ['high', 'normal'], limits: { MaxJobs: '5' } },
  { group: 'vision' },
];

function computeDesired({ members, enabled, rules = RULES }: World, known: readonly string[] = NAMES) {
  return computeDesiredSlurm({
    config: { slurm: slurmConfig.parse({ mode: 'enforce', rules }) },
    groups: ACCOUNTS.map((name) =>
      makeGroup(
        name,
        null,
        (members[name] ?? []).map((one) => `u-${one}`),
      ),
    ),
    people: known.map((name) => ({
      scimId: `u-${name}`,
      name,
      uid: uidOf(name),
      isEnabled: enabled.includes(name),
    })),
  });
}

/** Plans and applies until nothing is left, as rounds do; what fails waits for the next turn. */
function settle(
  slurm: FakeSlurm,
  world: World,
  owned: SlurmOwned[],
  known: readonly string[] = NAMES,
): SlurmPlan {
  for (let turn = 0; ; turn += 1) {
    const plan = planSlurm({
      desired: computeDesired(world, known),
      rows: slurm.read(),
      owned,
      held: NO_ONE,
      stops: NO_STOPS,
    });
    if (plan.changes.length === 0) return plan;
    if (turn === 6) throw new Error(`does not come to rest: ${JSON.stringify(plan.changes)}`);
    const isKnown = (one: SlurmOwned): boolean =>
      owned.some((o) => o.cluster === one.cluster && o.kind === one.kind && o.name === one.name);
    owned.push(...plan.owned.filter((one) => !isKnown(one)));
    for (const { step } of toBatches(plan.changes)) {
      try {
        slurm.apply(step);
      } catch {
        // The next turn sees it.
      }
    }
  }
}

const pairs = ({ associations }: FakeSlurm): string[] =>
  associations.map(({ user, account, partition }) => `${user} ${account} ${partition}`.trim()).sort();

const ALL = NAMES.map((name) => [name, uidOf(name)] as const);
const worlds = fc.record({
  members: fc.record(
    Object.fromEntries(ACCOUNTS.map((name) => [name, fc.subarray([...NAMES])])) as Record<
      string,
      fc.Arbitrary<string[]>
    >,
  ),
  enabled: fc.subarray([...NAMES]),
});

describe('a plan for Slurm', () => {
  it('comes to rest at what is desired, from any managed state, and keeps every foreign row', () => {
    const foreign = fc.array(
      fc.record({
        user: fc.constantFrom('zed', 'yan', 'alice'),
        account: fc.constantFrom('legacy', 'other'),
        partition: fc.constantFrom('', 'gpu'),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(worlds, worlds, foreign, fc.subarray([...NAMES]), (before, after, rows, busy) => {
        const slurm = makeFakeSlurm(ALL);
        for (const name of ['legacy', 'other']) slurm.accounts.push({ ...slurm.accounts[0]!, name });
        const owned: SlurmOwned[] = [];
        settle(slurm, before, owned);
        for (const [n, row] of rows.entries()) {
          slurm.associations.push({ ...row, id: 1000 + n, isStopped: false });
          if (!slurm.users.some(({ name }) => name === row.user))
            slurm.users.push({ name: row.user, defaultAccount: row.account });
          slurm.resolved.set(row.user, slurm.names.get(row.user) ?? 1);
        }
        for (const user of busy)
          for (const { account } of slurm.associations.filter((row) => row.user === user))
            slurm.jobs.push({ user, account, isPending: false });
        const isForeign = ({ id }: { id: number }): boolean => id >= 1000 || id === 2;
        const kept = structuredClone(slurm.associations.filter(isForeign));
        const aliceIsForeign =
          !owned.some(({ kind, name }) => kind === 'user' && name === 'alice') &&
          rows.some(({ user }) => user === 'alice');
        const { refusals } = settle(slurm, after, owned);
        expect(slurm.associations.filter(isForeign)).toEqual(kept);
        const wanted = ACCOUNTS.flatMap((account) =>
          (after.members[account] ?? [])
            .filter(
              (name: string) =>
                after.enabled.some((one) => one === name) && !(name === 'alice' && aliceIsForeign),
            )
            .map((name) => `${name} ${account}`),
        ).sort();
        const managed = slurm.associations.filter((row) => !isForeign(row));
        expect(managed.map(({ user, account }) => `${user} ${account}`).sort()).toEqual(wanted);
        if (aliceIsForeign && wanted.length === 0 && after.enabled.includes('alice'))
          expect(refusals.every(({ code }) => code !== 'slurm-uid')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('ends submissions and jobs before the association, and moves the default first', () => {
    const slurm = makeFakeSlurm(ALL);
    const owned: SlurmOwned[] = [];
    settle(slurm, { members: { ml: ['alice'], bio: ['alice'] }, enabled: ['alice'] }, owned);
    slurm.jobs.push({ user: 'alice', account: 'ml', isPending: false });
    slurm.log.length = 0;
    settle(slurm, { members: { bio: ['alice'] }, enabled: ['alice'] }, owned);
    expect(slurm.log.map(({ op }) => op)).toEqual([
      'stop-submissions',
      'cancel-jobs',
      'set-default',
      'remove-associations',
    ]);
  });

  it('removes what belonged to a person who is in neither store nor ledger of accounts any more', () => {
    const slurm = makeFakeSlurm(ALL);
    const owned: SlurmOwned[] = [];
    settle(slurm, { members: { ml: ['alice', 'bob'] }, enabled: ['alice', 'bob'] }, owned);
    settle(slurm, { members: { ml: ['bob'] }, enabled: ['bob'] }, owned, ['bob']);
    expect(pairs(slurm)).toEqual(['bob ml', 'root root']);
  });

  it('takes away, and makes anew, what the controller could not resolve when it came', () => {
    const slurm = makeFakeSlurm();
    const owned: SlurmOwned[] = [];
    const world = { members: { ml: ['alice'] }, enabled: ['alice'] };
    const plan = (): SlurmPlan =>
      planSlurm({ desired: computeDesired(world), rows: slurm.read(), owned, held: NO_ONE, stops: NO_STOPS });
    const apply = ({ changes, owned: more }: SlurmPlan): void => {
      owned.push(...more);
      for (const { step } of toBatches(changes)) slurm.apply(step);
    };
    apply(plan());
    expect(slurm.resolved.get('alice')).toBeNull();
    const repair = plan();
    expect(repair.refusals.map(({ code }) => code)).toEqual(['slurm-uid']);
    expect(repair.changes.map(({ kind }) => kind)).toEqual(['slurm-submit-stop', 'slurm-association-remove']);
    apply(repair);
    slurm.names.set('alice', uidOf('alice'));
    apply(plan());
    expect(slurm.resolved.get('alice')).toBe(uidOf('alice'));
    expect(plan()).toMatchObject({ changes: [], refusals: [] });
  });

  it('gives no association where the controller knows the name with another uid', () => {
    const slurm = makeFakeSlurm([['alice', 4711]]);
    const owned: SlurmOwned[] = [];
    const world = { members: { ml: ['alice'] }, enabled: ['alice'] };
    const first = planSlurm({
      desired: computeDesired(world),
      rows: slurm.read(),
      owned,
      held: NO_ONE,
      stops: NO_STOPS,
    });
    owned.push(...first.owned);
    for (const { step } of toBatches(first.changes)) slurm.apply(step);
    const { refusals } = planSlurm({
      desired: computeDesired(world),
      rows: slurm.read(),
      owned,
      held: NO_ONE,
      stops: NO_STOPS,
    });
    expect(refusals).toMatchObject([{ code: 'slurm-uid', detail: expect.stringContaining('uid 4711') }]);
  });

  it('adds no one while the controller is away, and ends submissions; the rest follows when its jobs are known', () => {
    const slurm = makeFakeSlurm(ALL);
    const owned: SlurmOwned[] = [];
    settle(slurm, { members: { ml: ['alice'] }, enabled: ['alice'] }, owned);
    slurm.isControllerDown = true;
    const world = { members: { ml: ['alice', 'bob'] }, enabled: ['bob'] };
    const { changes } = planSlurm({
      desired: computeDesired(world),
      rows: slurm.read(),
      owned,
      held: NO_ONE,
      stops: NO_STOPS,
    });
    expect(changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['slurm-submit-stop alice']);
    slurm.isControllerDown = false;
    slurm.jobs.push({ user: 'alice', account: 'ml', isPending: false });
    settle(slurm, world, owned);
    expect(slurm.jobs).toEqual([]);
    expect(slurm.associations.some(({ user }) => user === 'alice')).toBe(false);
  });

  it('ends jobs whose association is gone already, and none of others', () => {
    const slurm = makeFakeSlurm(ALL);
    const owned: SlurmOwned[] = [];
    settle(slurm, { members: { ml: ['alice'] }, enabled: ['alice'] }, owned);
    slurm.associations = slurm.associations.filter(({ user }) => user !== 'alice');
    slurm.users = slurm.users.filter(({ name }) => name !== 'alice');
    const foreign = [
      { user: 'alice', account: 'elsewhere', isPending: false },
      { user: 'zoe', account: 'ml', isPending: false },
    ];
    slurm.jobs.push({ user: 'alice', account: 'ml', isPending: false }, ...foreign);
    settle(slurm, { members: { ml: [] }, enabled: [] }, owned);
    expect(slurm.jobs).toEqual(foreign);
  });

  it('says which account of others stands in the way, and changes nothing of it', () => {
    const slurm = makeFakeSlurm(ALL);
    slurm.accounts.push({ ...slurm.accounts[0]!, name: 'ml' });
    const before = structuredClone(slurm.accounts);
    const { refusals } = settle(slurm, { members: { ml: ['alice'] }, enabled: ['alice'] }, [
      { cluster: 'fake', kind: 'account', name: 'bio', scimId: 'g-bio' },
    ]);
    expect(refusals.map(({ code }) => code)).toEqual(['slurm-account-foreign']);
    expect(slurm.accounts.filter(({ name }) => name === 'ml' || name === 'root')).toEqual(
      before.filter(({ name }) => name === 'ml' || name === 'root'),
    );
    expect(pairs(slurm)).toEqual(['root root']);
  });
});

describe('what sunk-agent made in another cluster', () => {
  const clusters = fc.constantFrom('other', 'Fake', 'fake ', 'fake2', '');

  it('makes no row of this one managed: none is altered or removed, whatever its name', () => {
    let met = 0;
    fc.assert(
      fc.property(worlds, worlds, clusters, fc.subarray([...NAMES]), (before, after, cluster, busy) => {
        const slurm = makeFakeSlurm(ALL);
        const there: SlurmOwned[] = [];
        settle(slurm, before, there);
        for (const user of busy)
          for (const { account } of slurm.associations.filter((row) => row.user === user))
            slurm.jobs.push({ user, account, isPending: false });
        const owned = there.map((one) => ({ ...one, cluster }));
        const { accounts, users, associations, jobs } = slurm.read();
        // All that can be in the way is there already, and of others.
        const { refusals } = settle(slurm, after, owned);
        met += refusals.filter(({ code }) => code.endsWith('-foreign')).length;
        expect(slurm.accounts).toEqual(expect.arrayContaining(accounts));
        expect(slurm.users).toEqual(expect.arrayContaining(users));
        expect(slurm.associations).toEqual(expect.arrayContaining(associations));
        expect(slurm.jobs).toEqual(jobs);
        expect(owned.filter((one) => one.cluster === cluster)).toHaveLength(there.length);
      }),
      { numRuns: 300 },
    );
    expect(met).toBeGreaterThan(100);
  });

  it('is said where its name is in the way', () => {
    const slurm = makeFakeSlurm(ALL);
    const owned: SlurmOwned[] = [];
    const world = { members: { ml: ['alice'] }, enabled: ['alice'] };
    settle(slurm, world, owned);
    const { refusals } = settle(
      slurm,
      world,
      owned.map((one) => ({ ...one, cluster: 'other' })),
    );
    expect(refusals.find(({ name }) => name === 'ml')).toMatchObject({
      code: 'slurm-account-foreign',
      detail: expect.stringContaining('in the cluster fake, only in other'),
    });
  });
});

describe('a plan that is at rest', () => {
  it('is the same whatever the guard holds and operators block', () => {
    const stops = fc.subarray([...NAMES]).map((names) => new Set(names.map((name) => `u-${name}`)));
    let found = 0;
    fc.assert(
      fc.property(worlds, worlds, stops, stops, fc.boolean(), (before, after, held, blocked, isSame) => {
        const rules = RULES.map((rule) => ({ ...rule, drain: '1h' }));
        const slurm = makeFakeSlurm(ALL);
        const owned: SlurmOwned[] = [];
        settle(slurm, { ...before, rules }, owned);
        // Jobs of who leaves, and a user of others.
        for (const { user, account, id } of slurm.associations)
          if (id % 2 === 0) slurm.jobs.push({ user, account, isPending: id % 4 === 0 });
        if (held.has('u-bob')) owned.splice(0, owned.length, ...owned.filter(({ name }) => name !== 'bob'));
        const input = {
          desired: computeDesired({ ...(isSame ? before : after), rules }),
          rows: slurm.read(),
          owned,
        };
        const bare = planSlurm({ ...input, held: NO_ONE, stops: NO_STOPS });
        if (!isAtRest(bare)) return;
        found += 1;
        const at = new Map(slurm.associations.map(({ user, account }) => [`${user} ${account}`, 5]));
        expect(planSlurm({ ...input, held, stops: { now: 10, at, blocked } })).toEqual(bare);
      }),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(50);
  });

  it('is none with a change, a drain or a refusal of a person', () => {
    const rest = { changes: [], owned: [], refusals: [], draining: [] };
    const refusal = { scimId: 'x', name: 'x', code: 'slurm-name', detail: '' };
    expect(isAtRest({ ...rest, refusals: [{ ...refusal, kind: 'Group' }] })).toBe(true);
    expect(isAtRest({ ...rest, refusals: [{ ...refusal, kind: 'User' }] })).toBe(false);
    expect(isAtRest({ ...rest, draining: [{ name: 'x', account: 'ml', until: 1 }] })).toBe(false);
  });
});

describe('settings of an account', () => {
  const alter = (rule: object, limits: Record<string, string>) => {
    const slurm = makeFakeSlurm(ALL);
    slurm.accounts.push({ ...slurm.accounts[0]!, name: 'ml', parent: 'root', limits });
    const rules = [{ group: 'ml', ...rule }];
    const { changes } = planSlurm({
      desired: computeDesired({ members: {}, enabled: [], rules }),
      rows: slurm.read(),
      owned: [{ cluster: 'fake', kind: 'account', name: 'ml', scimId: 'g-ml' }],
      held: NO_ONE,
      stops: NO_STOPS,
    });
    return changes.map((change) => (change.kind === 'slurm-account-alter' ? change.raises : change.kind));
  };
  const tres = (value: string) => ({ limits: { GrpTRES: value } });

  it.each([
    ['the same', tres('cpu=2,node=1'), { GrpTRES: 'node=1,cpu=2' }, []],
    ['less', tres('cpu=1'), { GrpTRES: 'cpu=2' }, [false]],
    ['more', tres('cpu=3'), { GrpTRES: 'cpu=2' }, [true]],
    ['one fewer of them', tres('cpu=2'), { GrpTRES: 'cpu=2,node=1' }, [true]],
    ['the first limit', tres('cpu=2'), {}, [false]],
    ['no limit any more', tres('-1'), { GrpTRES: 'cpu=2' }, [true]],
    ['another QOS', { qos: ['high', 'normal'] }, {}, [true]],
    ['fewer shares', { fairshare: 0 }, {}, [false]],
    ['more shares', { fairshare: 2 }, {}, [true]],
    ['what is not managed', {}, { MaxJobs: '5' }, []],
    ['the same time in minutes', { limits: { GrpWall: '60' } }, { GrpWall: '01:00:00' }, []],
    ['the same time in days', { limits: { GrpWall: '1-12' } }, { GrpWall: '1-12:00:00' }, []],
    ['the same time with seconds', { limits: { GrpWall: '90:30' } }, { GrpWall: '01:30:30' }, []],
    [
      'a longer time',
      { limits: { MaxWallDurationPerJob: '1-0' } },
      { MaxWallDurationPerJob: '23:59:59' },
      [true],
    ],
    [
      'a shorter time',
      { limits: { MaxWallDurationPerJob: '9' } },
      { MaxWallDurationPerJob: '00:10:00' },
      [false],
    ],
  ])('%s', (_, rule, limits, expected) => {
    expect(alter(rule, limits as Record<string, string>)).toEqual(expected);
  });
});
