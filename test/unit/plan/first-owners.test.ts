// Whose a shared key is while people come, go, copy keys and are blocked: against a model that remembers everything.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type FirstOwner, updateFirstOwners } from '../../../src/policy/keys/first-owners.ts';
import type { StoredUser } from '../../../src/policy/model.ts';
import { listFingerprints } from '../../../src/policy/keys/key-file-lines.ts';
import { makeNode, type Node, runSync } from '../../support/records/fleet.ts';
import {
  fakeFingerprint,
  makeBinding,
  makeConfig,
  makeGroup,
  makeUser,
  NOW,
} from '../../support/records/organisation.ts';
import { propertyRuns } from '../../support/property-runs.ts';

vi.setConfig({ testTimeout: 3_600_000 });

const CONFIG = makeConfig(`
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], homes: never, retention: 30d }
limits: { max_loss: { share: 1, at_least: 1000, at_most: 1000 }, max_gain: { enabled_again: 1, replaced_keys: 1 } }
`);
const KEY = 'the shared key';
const SHARED = fakeFingerprint(KEY);
const DAY = 86_400;

interface Claimant {
  readonly created: string;
  isActive: boolean;
  isAbsent: boolean;
  isMember: boolean;
  isBlocked: boolean;
  lists: boolean;
}

/**
 * A store with five people, each with a key of their own and perhaps the shared one, and a node that follows it. The last one
 * stays as they are: the guard holds it when everyone goes.
 */
class World {
  readonly people: Claimant[] = ['2026-01-04', '2026-01-01', '2026-01-02', '2026-01-03', '2026-01-05'].map(
    (day) => ({
      created: `${day}T00:00:00Z`,
      isActive: true,
      isAbsent: false,
      isMember: true,
      isBlocked: false,
      lists: false,
    }),
  );
  readonly node: Node = makeNode();
  now = NOW;

  constructor() {
    this.sync();
  }

  sync() {
    this.now += 60;
    const users = this.people.map(({ created, isActive, isAbsent, lists }, n): StoredUser => ({
      ...makeUser(`p${n}`, 20_100 + n, {
        created,
        active: isActive,
        keys: [`key of ${n}`, ...(lists ? [KEY] : [])],
      }),
      absent: isAbsent,
    }));
    const members = this.people.flatMap(({ isMember }, n) => (isMember ? [`u-p${n}`] : []));
    const groups = [makeGroup('users', 31_000, members, { name: 'slurm-users' })];
    const blocked = this.people.flatMap(({ isBlocked }, n) => (isBlocked ? [`p${n}`] : []));
    return runSync(this.node, { users, groups, blocked, config: CONFIG, now: this.now });
  }

  /** Who is served the shared key; null: no one. */
  served(): number | null {
    const found = this.people.flatMap((_, n) =>
      listFingerprints(this.node.host.keyFiles.get(`p${n}`) ?? '').includes(SHARED) ? [n] : [],
    );
    expect(found.length).toBeLessThan(2);
    return found[0] ?? null;
  }
}

type Flag = 'isActive' | 'isAbsent' | 'isMember' | 'isBlocked';
/** Each way not to be served for a while. */
const WAYS: readonly Flag[] = ['isActive', 'isAbsent', 'isMember', 'isBlocked'];
const change = (world: World, n: number, flag: Flag): void => {
  world.people[n]![flag] = !world.people[n]![flag];
};

test.each(WAYS)(
  'a person gets a key back from each copy, older or younger, after %s was changed for a while',
  (way) => {
    for (const copier of [1, 2]) {
      const world = new World();
      // p0 is the youngest record, so that nothing but having been first gives the key back.
      world.people[0]!.lists = true;
      world.sync();
      change(world, 0, way);
      world.sync();
      world.people[copier]!.lists = true;
      world.sync();
      world.sync();
      expect(world.served()).toBe(way === 'isBlocked' ? null : copier);
      change(world, 0, way);
      expect(world.sync().desired.refusals).toContainEqual(
        expect.objectContaining({
          scimId: `u-p${copier}`,
          code: 'key-of-another',
          detail: expect.stringContaining('u-p0, who had it on this node first'),
        }),
      );
      expect(world.served()).toBe(0);
    }
  },
);

test('a key moves on when its first owner no longer lists it, or the retention is over', () => {
  for (const leave of ['drop', 'retention'] as const) {
    const world = new World();
    world.people[0]!.lists = true;
    world.sync();
    change(world, 0, 'isActive');
    world.sync();
    world.people[1]!.lists = true;
    world.sync();
    if (leave === 'drop') world.people[0]!.lists = false;
    else world.now += 31 * DAY;
    world.sync();
    world.people[0]!.lists = true;
    world.people[0]!.isActive = true;
    world.sync();
    expect([leave, world.served()]).toEqual([leave, 1]);
  }
});

test('a key directory that is lost changes no owner of a shared key', () => {
  const world = new World();
  world.people[0]!.lists = true;
  world.sync();
  for (const copier of [1, 2, 3]) world.people[copier]!.lists = true;
  world.sync();
  world.node.host.keyFiles.clear();
  world.sync();
  expect(world.served()).toBe(0);
});

test('nothing is recorded of keys that one person lists and holds', () => {
  const world = new World();
  world.people[0]!.lists = true;
  world.sync();
  world.sync();
  expect(world.node.firstOwners).toEqual([]);
});

/** What should become of the key, by one who remembers all. */
class Model {
  owner: number | null = null;
  served: number | null = null;

  sync(people: readonly Claimant[]): void {
    const lists = (n: number | null): n is number => n !== null && (people[n]!.lists || people[n]!.isAbsent);
    if (!lists(this.owner)) this.owner = lists(this.served) ? this.served : null;
    const claims = (n: number): boolean => {
      const { lists: isListed, isActive, isAbsent, isMember, isBlocked } = people[n]!;
      if (!isListed || !isActive || isAbsent || !isMember) return false;
      return !isBlocked || n === this.owner || n === this.served;
    };
    const byAge = [1, 2, 3, 0];
    const next =
      [this.owner, this.served, ...byAge].find((n): n is number => n !== null && claims(n)) ?? null;
    this.owner ??= next;
    this.served = next !== null && people[next]!.isBlocked ? null : next;
  }
}

const step = fc.record({
  n: fc.nat(3),
  what: fc.constantFrom(...WAYS, 'lists' as const, 'lists' as const),
  /** Several changes may come between two syncs. */
  syncs: fc.nat(2),
});

test('whatever people do, the key is with its first owner, else with the holder, else with the older record', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new World();
      const model = new Model();
      for (const { n, what, syncs } of steps) {
        world.people[n]![what] = !world.people[n]![what];
        for (let count = 0; count < syncs; count += 1) {
          world.sync();
          model.sync(world.people);
          expect(world.served()).toBe(model.served);
        }
      }
    }),
    { numRuns: propertyRuns(300, 20_000) },
  );
});

test('a sync under the same circumstances finds nothing to record, and the order of input never matters', () => {
  const owner: fc.Arbitrary<FirstOwner> = fc.record({
    fingerprint: fc.constantFrom('a', 'b', 'c'),
    scimId: fc.constantFrom('u-p0', 'u-p1', 'u-p2', 'u-p9'),
  });
  const person = fc.record({ n: fc.nat(2), keys: fc.subarray(['a', 'b', 'c']), absent: fc.boolean() });
  const byFingerprint = { selector: (one: { fingerprint: string }) => one.fingerprint };
  fc.assert(
    fc.property(
      fc.uniqueArray(owner, byFingerprint),
      fc.array(owner),
      fc.array(owner),
      fc.uniqueArray(person, { selector: ({ n }) => n }),
      (recorded, leaving, shared, people) => {
        const listed = new Map(people.map(({ n, keys }) => [`u-p${n}`, keys]));
        const input = {
          recorded,
          leaving,
          shared,
          users: people.map(({ n, absent }) => ({ ...makeUser(`p${n}`, 20_100 + n), absent })),
          bindings: [
            makeBinding('p0', 1),
            makeBinding('p1', 2),
            makeBinding('p2', 3, { disabledAt: NOW - 2 * DAY }),
          ],
          former: [{ kind: 'account', from: 'u-p9', to: 'u-p1', name: 'p1', id: 2 }] as const,
          listKeys: ({ record }: StoredUser) =>
            (listed.get(record.id) ?? []).map((fingerprint) => ({
              ok: true as const,
              key: { type: 'ssh-ed25519', base64: '', bits: 256, securityKey: false, fingerprint } as const,
            })),
          retention: DAY,
          now: NOW,
        };
        const { remember, forget } = updateFirstOwners(input);
        const turned = updateFirstOwners({
          ...input,
          recorded: recorded.toReversed(),
          leaving: leaving.toReversed(),
          shared: shared.toReversed(),
          users: input.users.toReversed(),
        });
        expect(new Set(turned.forget)).toEqual(new Set(forget));
        expect(new Map(turned.remember.map((row) => [row.fingerprint, row.scimId]))).toEqual(
          new Map(remember.map((row) => [row.fingerprint, row.scimId])),
        );
        const after = new Map<string, string>(recorded.map((row) => [row.fingerprint, row.scimId]));
        for (const fingerprint of forget) after.delete(fingerprint);
        for (const row of remember) after.set(row.fingerprint, row.scimId);
        // A former id is followed, and the retention of p2 is over.
        expect([...after.values()].filter((id) => id !== 'u-p0' && id !== 'u-p1')).toEqual([]);
        const rows = [...after].map(([fingerprint, scimId]) => ({ fingerprint, scimId }));
        expect(updateFirstOwners({ ...input, recorded: rows })).toEqual({ remember: [], forget: [] });
      },
    ),
  );
});
