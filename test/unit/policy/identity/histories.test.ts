// People and groups that come, go, are created again, change names and uids, over syncs, rebinds and lost state.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { planRebinding } from '../../../../src/policy/ledger/rebind.ts';
import type { StoredGroup, StoredUser } from '../../../../src/policy/model.ts';
import { makeNode, runSync, type Node } from '../../../support/records/fleet.ts';
import { makeConfig, makeGroup, makeUser, NOW } from '../../../support/records/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

vi.setConfig({ testTimeout: 3_600_000 });

const CONFIG = makeConfig(`
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], homes: never }
limits: { max_loss: { share: 1, at_most: 1000 }, max_gain: { enabled_again: 1 } }
`);
const NAMES = ['ann', 'ben', 'cat', 'dan'] as const;

type Step =
  | { readonly do: 'create' | 'delete' | 'recreate' | 'toggle'; readonly n: number }
  | { readonly do: 'rename' | 'swap-uids'; readonly n: number; readonly m: number }
  | { readonly do: 'recreate-group' | 'lose-ledger' | 'sync' }
  | { readonly do: 'rebind'; readonly takesStoreIds: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('create', 'delete', 'recreate', 'toggle'), n: fc.nat(7) }),
  fc.record({ do: fc.constantFrom('rename', 'swap-uids'), n: fc.nat(7), m: fc.nat(7) }),
  fc.record({ do: fc.constantFrom('recreate-group', 'sync') }),
  { arbitrary: fc.record({ do: fc.constant('lose-ledger' as const) }), weight: 1 },
  fc.record({ do: fc.constant('rebind' as const), takesStoreIds: fc.boolean() }),
);

/** A store, and a node that follows it. */
class World {
  users: StoredUser[] = [];
  group = makeGroup('users', 31_000, [], { name: 'slurm-users' });
  goneGroups: StoredGroup[] = [];
  readonly node: Node = makeNode();
  created = 0;
  now = NOW;

  /** The living user that a number means; undefined: there is none. */
  pick(n: number): StoredUser | undefined {
    const living = this.users.filter(({ absent }) => !absent);
    return living[n % Math.max(1, living.length)];
  }

  create(name: string, externalId: string): void {
    const id = `u-${(this.created += 1)}`;
    this.users.push(makeUser(name, 20_100 + this.created, { id, externalId, keys: [] }));
  }

  change(user: StoredUser, record: Partial<StoredUser['record']>, absent = false): void {
    this.users = this.users.map((one) =>
      one === user ? { ...one, absent, record: { ...one.record, ...record } } : one,
    );
  }

  sync() {
    this.now += 60;
    const members = this.users.filter(({ absent }) => !absent).map(({ record }) => record.id);
    const group = { ...this.group, record: { ...this.group.record, members } };
    this.group = group;
    return runSync(this.node, {
      users: this.users,
      groups: [...this.goneGroups, group],
      config: CONFIG,
      now: this.now,
    });
  }

  rebind({ from, to }: { readonly from: string; readonly to: string }, takesStoreIds: boolean): boolean {
    const { bindings, former } = this.node;
    const groups = [...this.goneGroups, this.group];
    const { moves } = planRebinding([{ from, to }], {
      users: this.users,
      groups,
      bindings,
      former,
      blocked: [],
      config: CONFIG,
      takesStoreIds,
    });
    for (const { binding, id, gid } of moves) {
      this.node.bindings = bindings.map((one) => (one === binding ? { ...one, scimId: to, id, gid } : one));
      former.push({ kind: binding.kind, from, to, name: binding.name, id: binding.id });
    }
    return moves.length > 0;
  }
}

function take(world: World, one: Step): void {
  switch (one.do) {
    case 'create':
      return world.create(NAMES[one.n % NAMES.length] ?? 'ann', `e-${one.n}`);
    case 'delete': {
      const user = world.pick(one.n);
      return user === undefined ? undefined : world.change(user, {}, true);
    }
    case 'recreate': {
      const user = world.pick(one.n);
      if (user === undefined) return;
      world.change(user, {}, true);
      return world.create(user.record.userName.split('@')[0] ?? '', user.record.externalId ?? '');
    }
    case 'toggle': {
      const user = world.pick(one.n);
      return user === undefined ? undefined : world.change(user, { active: !user.record.active });
    }
    case 'rename': {
      const user = world.pick(one.n);
      const name = `${NAMES[one.m % NAMES.length] ?? 'ann'}@example.com`;
      return user === undefined ? undefined : world.change(user, { userName: name, username: name });
    }
    case 'swap-uids': {
      const [a, b] = [world.pick(one.n), world.pick(one.m)];
      if (a === undefined || b === undefined || a === b) return;
      const [uidOfA, uidOfB] = [a.record.uid, b.record.uid];
      world.change(a, { uid: uidOfB });
      return world.change(b, { uid: uidOfA });
    }
    case 'recreate-group':
      world.goneGroups = [...world.goneGroups, { ...world.group, absent: true }];
      world.group = makeGroup('users', 31_000 + world.goneGroups.length, [], {
        id: `g-${world.goneGroups.length}`,
        name: 'slurm-users',
      });
      return;
    case 'lose-ledger':
      world.node.bindings = [];
      world.node.former.length = 0;
      return;
    case 'rebind': {
      const [first] = world.sync().stranded;
      if (first !== undefined) world.rebind(first, one.takesStoreIds);
      return;
    }
    case 'sync':
      return;
  }
}

/** Uids by name, as the lines of the node have them. */
const uidsOf = ({ host }: Node): Map<string, number> =>
  new Map([...host.accounts].map(([name, { entry }]) => [name, entry.uid]));

/** A rebind that takes the store's uid, which a line that a lost ledger forgot has; then the person leaves. */
const UID_OF_A_LINE: Step[] = [
  { do: 'create', n: 0 },
  { do: 'rename', n: 0, m: 6 },
  { do: 'create', n: 2 },
  { do: 'lose-ledger' },
  { do: 'delete', n: 1 },
  { do: 'rebind', takesStoreIds: true },
  { do: 'recreate', n: 0 },
];

const RUNS = propertyRuns(500, 100_000);
const totals = { stranded: 0, restored: 0, unrestored: [] as string[] };

test('no uid moves but by a rebind that asks for it, no two share one, and what is stranded gets out', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 14 }), (steps) => {
      const world = new World();
      world.sync();
      let hasLedger = true;
      for (const one of steps) {
        const before = uidsOf(world.node);
        take(world, one);
        world.sync();
        if (one.do === 'lose-ledger') hasLedger = false;
        const after = uidsOf(world.node);
        expect(new Set(after.values()).size).toBe(after.size);
        const isAsked = one.do === 'rebind' && one.takesStoreIds;
        for (const [name, uid] of before)
          if (!isAsked && after.has(name)) expect([name, after.get(name)]).toEqual([name, uid]);
        const { bindings, former } = world.node;
        // Who had a uid once keeps it from all others; a lost ledger has forgotten that.
        const owners = new Map(
          bindings.flatMap(({ kind, id, scimId }) => (kind === 'account' ? [[id, scimId]] : [])),
        );
        if (hasLedger)
          for (const { kind, id, to } of former)
            if (kind === 'account' && owners.has(id))
              expect(bindings.map(({ scimId }) => scimId)).toContain(owners.get(id) ?? to);
      }
      for (let round = 0; round < 8; round += 1) {
        const { stranded } = world.sync();
        const [first] = stranded;
        if (first === undefined) break;
        totals.stranded += 1;
        const isMoved = world.rebind(first, false);
        const { desired } = world.sync();
        const isRestored =
          first.kind === 'group'
            ? desired.groups.some(({ scimId }) => scimId === first.to)
            : desired.accounts.some(({ scimId, disabled }) => scimId === first.to && disabled === null);
        if (isMoved && isRestored) totals.restored += 1;
        else {
          totals.unrestored.push(
            JSON.stringify(desired.refusals.filter(({ scimId }) => scimId === first.to)),
          );
          break;
        }
      }
    }),
    { numRuns: RUNS },
  );
  expect(totals.stranded).toBeGreaterThan(RUNS / 10);
  expect(totals.unrestored.slice(0, 5)).toEqual([]);
});

test('a person who leaves gets no uid of another line, which a rebind to the uid of the store was refused', () => {
  const world = new World();
  for (const one of UID_OF_A_LINE) {
    take(world, one);
    world.sync();
    const uids = [...uidsOf(world.node).values()];
    expect(new Set(uids).size).toBe(uids.length);
  }
});
