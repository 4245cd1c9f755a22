// From what Slurm should have to what it has: against a Slurm in memory, over generated organisations and foreign rows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slurm as slurmConfig } from '../../../../src/config/slurm.ts';
import { toBatches } from '../../../../src/agent/slurm/slurm-steps.ts';
import { planSlurm, type SlurmPlan } from '../../../../src/plan/slurm/plan-slurm.ts';
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
    owned.push(...plan.owned.filter((one) => !owned.some((o) => o.kind === one.kind && o.name === one.name)));
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
            slurm.users.push({ name: row.user, defaultAccount: row.account, adminLevel: 'None' });
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
    slurm.accounts.push({ ...slurm.accounts[0]!, name: 'ml', organization: 'sunk-agent' });
    const before = structuredClone(slurm.accounts);
    const { refusals } = settle(slurm, { members: { ml: ['alice'] }, enabled: ['alice'] }, [
      { kind: 'account', name: 'bio', scimId: 'g-bio' },
    ]);
    expect(refusals.map(({ code }) => code)).toEqual(['slurm-account-foreign']);
    expect(slurm.accounts.filter(({ name }) => name === 'ml' || name === 'root')).toEqual(
      before.filter(({ name }) => name === 'ml' || name === 'root'),
    );
    expect(pairs(slurm)).toEqual(['root root']);
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
      owned: [{ kind: 'account', name: 'ml', scimId: 'g-ml' }],
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
