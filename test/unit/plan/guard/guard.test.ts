// The guard: what it holds, what it lets go, and that the hash means the same everywhere.
import { describe, expect, it } from 'vitest';
import type { StoredUser } from '../../../../src/policy/model.ts';
import {
  fakeFingerprint,
  makeConfig,
  makeGroup,
  NOW,
  withKeys,
} from '../../../support/records/organisation.ts';
import {
  absent,
  inactive,
  makeNode,
  makeOverrides,
  runSync,
  type Node,
} from '../../../support/records/fleet.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A node on which `count` people have been for long. */
function nodeInSync(count: number, at = NOW - 30 * DAY): Node {
  const node = makeNode();
  expect(runSync(node, makeOverrides(count, undefined, { now: at })).held).toEqual([]);
  return node;
}

/** Alters the people with the numbers up to `last`. */
const upTo = (last: number, alter: (user: StoredUser) => StoredUser) => (user: StoredUser, n: number) =>
  n <= last ? alter(user) : user;

const openCount = (node: Node): number =>
  [...node.host.accounts.values()].filter(({ expiryDay }) => expiryDay === null).length;

describe('a sudo group that turns up late', () => {
  const withAdmins = (count: number) => {
    const overrides = makeOverrides(50);
    const admins = makeGroup(
      'admins',
      31001,
      overrides.users.slice(0, count).map(({ record }) => record.id),
      {
        name: 'slurm-admins',
      },
    );
    return { ...overrides, groups: [overrides.groups[0]!, admins] };
  };

  it('is limited like any other gain, but not on a node that is made anew', () => {
    const late = makeNode();
    const overrides = makeOverrides(50, undefined, { now: NOW - 30 * DAY });
    runSync(late, { ...overrides, groups: [overrides.groups[0]!] });
    expect(runSync(late, withAdmins(4)).held).toMatchObject([{ kind: 'gain' }]);
    expect(late.host.groups.get('slurm-admins')?.members).toEqual([]);
    expect(runSync(makeNode(), withAdmins(4)).held).toEqual([]);
  });
});

describe('losses', () => {
  it('lets a first sync of any size through', () => {
    expect(openCount(nodeInSync(500))).toBe(500);
  });

  it('lets go as many as the share allows, and holds all when one more would go', () => {
    const within = nodeInSync(50);
    expect(runSync(within, makeOverrides(50, upTo(5, absent))).held).toEqual([]);
    expect(openCount(within)).toBe(45);
    const beyond = nodeInSync(50);
    const { held } = runSync(beyond, makeOverrides(50, upTo(6, absent)));
    expect(held).toMatchObject([{ kind: 'loss', actsAt: null, since: NOW }]);
    expect(held[0]!.reason).toMatch(/^6 of 50 people .* within 24 h; limits.max_loss allows 5$/);
    expect(openCount(beyond)).toBe(50);
  });

  it('always lets at_least people go, and never more than at_most', () => {
    const small = nodeInSync(5);
    expect(runSync(small, makeOverrides(5, upTo(3, absent))).held).toEqual([]);
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }\nlimits: { max_loss: { share: 0.5, at_most: 4 } }',
    );
    const large = makeNode();
    runSync(large, makeOverrides(100, undefined, { config, now: NOW - 2 * DAY }));
    expect(runSync(large, makeOverrides(100, upTo(5, absent), { config })).held).toHaveLength(1);
    expect(runSync(large, makeOverrides(100, upTo(4, absent), { config })).held).toEqual([]);
  });

  it('is never tripped by one person, whatever the limits are', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }\nlimits: { max_loss: { share: 0.01, at_least: 0, at_most: 0 } }',
    );
    const node = makeNode();
    runSync(node, makeOverrides(4, undefined, { config, now: NOW - 2 * DAY }));
    expect(runSync(node, makeOverrides(4, upTo(1, absent), { config })).held).toEqual([]);
    expect(openCount(node)).toBe(3);
    expect(runSync(node, makeOverrides(4, upTo(2, absent), { config })).held).toHaveLength(1);
  });

  it('adds up what goes in small portions, and forgets it after a day', () => {
    const node = nodeInSync(50);
    for (let n = 1; n <= 5; n += 1) {
      expect(runSync(node, makeOverrides(50, upTo(n, absent), { now: NOW + n * 30 })).held).toEqual([]);
    }
    expect(runSync(node, makeOverrides(50, upTo(6, absent), { now: NOW + 180 })).held).toHaveLength(1);
    expect(openCount(node)).toBe(45);
    expect(runSync(node, makeOverrides(50, upTo(6, absent), { now: NOW + DAY + 59 })).held).toHaveLength(1);
    expect(runSync(node, makeOverrides(50, upTo(6, absent), { now: NOW + DAY + 60 })).held).toEqual([]);
  });

  it('lets an explicit deactivation beyond the limit act after limits.hold, each person by their own clock', () => {
    const node = nodeInSync(50);
    const first = runSync(node, makeOverrides(50, upTo(8, inactive)));
    expect(first.held).toMatchObject([{ kind: 'loss', since: NOW, actsAt: NOW + HOUR }]);
    const second = runSync(node, makeOverrides(50, upTo(9, inactive), { now: NOW + 1800 }));
    expect(second.held[0]).toMatchObject({ since: NOW, actsAt: NOW + HOUR });
    expect(openCount(node)).toBe(50);
    const third = runSync(node, makeOverrides(50, upTo(9, inactive), { now: NOW + HOUR }));
    expect(third.held).toMatchObject([{ since: NOW + 1800, actsAt: NOW + 1800 + HOUR }]);
    expect(openCount(node)).toBe(42);
    runSync(node, makeOverrides(50, upTo(9, inactive), { now: NOW + 1800 + HOUR }));
    expect(openCount(node)).toBe(41);
    // What lapsed does not count: the next leaver is revoked at once.
    const next = runSync(node, makeOverrides(50, upTo(10, inactive), { now: NOW + 3 * HOUR }));
    expect(next.held).toEqual([]);
    expect(openCount(node)).toBe(40);
  });

  it('lets explicit deactivations within the limit go while absences beyond it wait', () => {
    const node = nodeInSync(50);
    const overrides = makeOverrides(50, (user, n) =>
      n <= 2 ? inactive(user) : n <= 20 ? absent(user) : user,
    );
    const { held } = runSync(node, overrides);
    expect(held).toMatchObject([{ kind: 'loss', actsAt: null }]);
    expect(new Set(held[0]!.changes.map(({ scimId }) => scimId)).size).toBe(18);
    expect(openCount(node)).toBe(48);
  });

  it('never holds a block, nor counts it', () => {
    const node = nodeInSync(50);
    const blocked = Array.from({ length: 20 }, (_, index) => `u-p${index + 1}`);
    expect(runSync(node, makeOverrides(50, undefined, { blocked })).held).toEqual([]);
    expect(openCount(node)).toBe(30);
    const more = upTo(23, (user) => user);
    const overrides = makeOverrides(50, (user, n) => (n > 20 && n <= 23 ? absent(more(user, n)) : user), {
      blocked,
    });
    expect(runSync(node, overrides).held).toEqual([]);
  });

  it('never holds the loss of a blocked key, whether others stay, come or none is left', () => {
    const node = nodeInSync(50);
    const blocked = makeOverrides(20).users.map(({ record }) => fakeFingerprint(record.keys[0]!));
    const overrides = makeOverrides(50, (user, n) => {
      if (n > 10) return user;
      const keys = n <= 5 ? [...user.record.keys, `other ${n}`] : [`other ${n}`, ...user.record.keys];
      return withKeys(user, keys);
    });
    expect(runSync(node, { ...overrides, blocked }).held).toEqual([]);
    expect(node.host.keyFiles.has('p11')).toBe(false);
    expect([...node.host.keyFiles.values()].filter((text) => text.includes('ssh-ed25519')).length).toBe(40);
    // The same loss by another cause is held: it is the block that makes the difference.
    const none = (user: StoredUser) => withKeys(user, []);
    expect(runSync(nodeInSync(50), makeOverrides(50, upTo(20, none))).held).toHaveLength(1);
  });

  it('holds whatever an empty store would take, and what a vanished access group would, however few they are', () => {
    const empty = nodeInSync(2);
    const gone = makeOverrides(2, absent);
    const groups = gone.groups.map((group) => ({ ...group, absent: true }));
    const { held } = runSync(empty, { ...gone, groups });
    expect(held.map(({ kind }) => kind)).toEqual(['vanished']);
    expect(openCount(empty)).toBe(2);
    expect(empty.host.sudoers).toContain('#20');
    const node = nodeInSync(2);
    const overrides = makeOverrides(2);
    const without = overrides.groups.map((group) =>
      group.record.name === 'slurm-users' ? { ...group, absent: true } : group,
    );
    expect(runSync(node, { ...overrides, groups: without }).held).toMatchObject([
      { kind: 'vanished', actsAt: null },
    ]);
    expect(openCount(node)).toBe(2);
  });

  it('holds only who was in the vanished group, where its last members are known, by name as by id', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users }, { name: second }] }\naccounts: { domains: [example.com] }',
    );
    const node = makeNode();
    const overrides = makeOverrides(4);
    const second = makeGroup('second', 32000, ['u-p3', 'u-p4']);
    const [first] = makeOverrides(2).groups;
    runSync(node, { ...overrides, groups: [first!, second], config, now: NOW - 2 * DAY });
    expect(openCount(node)).toBe(4);
    const without = { ...second, record: { ...second.record, members: ['u-p4'] } };
    const { held } = runSync(node, { ...overrides, groups: [first!, { ...without, absent: true }], config });
    expect(held.map(({ kind }) => kind)).toEqual(['vanished']);
    expect(held[0]!.reason).toContain('second');
    expect(node.host.accounts.get('p4')!.expiryDay).toBeNull();
    expect(node.host.accounts.get('p3')!.expiryDay).toBe(1);
    expect(node.host.accounts.get('p1')!.expiryDay).toBeNull();
  });

  it('still disables a deactivated user while the access group is gone', () => {
    const node = nodeInSync(5);
    const overrides = makeOverrides(5, upTo(1, inactive));
    const groups = overrides.groups.map((group) => ({ ...group, absent: true }));
    expect(runSync(node, { ...overrides, groups }).held.map(({ kind }) => kind)).toEqual(['vanished']);
    expect(openCount(node)).toBe(4);
  });

  it('holds memberships and single keys by a count of their own', () => {
    const node = nodeInSync(50);
    const two = (user: StoredUser) => withKeys(user, [...user.record.keys, `second of ${user.record.id}`]);
    runSync(node, makeOverrides(50, two, { now: NOW - 3 * DAY }));
    const { held } = runSync(
      node,
      makeOverrides(50, (user, n) => (n <= 6 ? user : two(user))),
    );
    expect(held).toMatchObject([{ kind: 'loss', actsAt: null }]);
    expect(held[0]!.reason).toContain('lose keys or memberships');
    expect(
      runSync(
        node,
        makeOverrides(50, (user, n) => (n <= 5 ? user : two(user))),
      ).held,
    ).toEqual([]);
  });

  it('holds a group together with the memberships that wait', () => {
    const withTeam = (n: number) => {
      const overrides = makeOverrides(50);
      const team = makeGroup(
        'team-x',
        32000,
        overrides.users.slice(0, n).map(({ record }) => record.id),
      );
      return { overrides, team };
    };
    const node = makeNode();
    const { overrides, team } = withTeam(9);
    runSync(node, { ...overrides, groups: [...overrides.groups, team], now: NOW - 3 * DAY });
    expect(node.host.groups.get('team-x')!.members).toHaveLength(9);
    const { held } = runSync(node, {
      ...overrides,
      groups: [...overrides.groups, { ...team, absent: true }],
    });
    expect(held.flatMap(({ changes }) => changes.map(({ kind }) => kind))).toContain('group-remove');
    expect(node.host.groups.get('team-x')!.members).toHaveLength(9);
  });
});

describe('approval', () => {
  it('lets exactly the approved set go, and does not count it afterwards', () => {
    const node = nodeInSync(50);
    const [set] = runSync(node, makeOverrides(50, upTo(20, absent))).held;
    expect(runSync(node, makeOverrides(50, upTo(21, absent), { approved: [set!.hash] })).held).toHaveLength(
      1,
    );
    expect(openCount(node)).toBe(50);
    expect(runSync(node, makeOverrides(50, upTo(20, absent), { approved: [set!.hash] })).held).toEqual([]);
    expect(openCount(node)).toBe(30);
    expect(runSync(node, makeOverrides(50, upTo(23, absent))).held).toEqual([]);
  });

  it('has one hash on every node and in every sync, however far a node has come', () => {
    const one = nodeInSync(50);
    const other = nodeInSync(50, NOW - 90 * DAY);
    for (const name of ['p1', 'p2', 'p3']) other.host.keyFiles.delete(name);
    other.host.homes.clear();
    const overrides = makeOverrides(50, upTo(20, absent));
    const reversed = { ...overrides, users: [...overrides.users].reverse() };
    const [first] = runSync(one, overrides).held;
    const [second] = runSync(other, reversed).held;
    const [third] = runSync(one, { ...overrides, now: NOW + 600 }).held;
    expect(second!.hash).toBe(first!.hash);
    expect(third!.hash).toBe(first!.hash);
    expect(third!.since).toBe(NOW);
    expect(first!.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(runSync(nodeInSync(50), makeOverrides(50, upTo(21, absent))).held[0]!.hash).not.toBe(first!.hash);
  });
});

describe('gains', () => {
  it('holds new sudo members beyond the limit, and nothing else of theirs', () => {
    const node = nodeInSync(10);
    const overrides = makeOverrides(10);
    const admins = (n: number) =>
      makeGroup(
        'admins',
        31001,
        overrides.users.slice(0, n).map(({ record }) => record.id),
        { name: 'slurm-admins' },
      );
    const withAdmins = (n: number) => ({ ...overrides, groups: [overrides.groups[0]!, admins(n)] });
    expect(runSync(node, withAdmins(4)).held).toEqual([]);
    const { held } = runSync(node, { ...withAdmins(5), now: NOW + 60 });
    expect(held).toMatchObject([
      { kind: 'gain', actsAt: null, changes: [{ kind: 'member-add', member: 'p5' }] },
    ]);
    expect(node.host.groups.get('slurm-admins')!.members).toHaveLength(4);
    expect(runSync(node, { ...withAdmins(5), now: NOW + DAY }).held).toEqual([]);
  });

  it('holds keys that are replaced in bulk, and lets added ones be', () => {
    const replaced = (user: StoredUser) => withKeys(user, [`new key of ${user.record.id}`]);
    const node = nodeInSync(50);
    expect(runSync(node, makeOverrides(50, upTo(5, replaced))).held).toEqual([]);
    const { held } = runSync(node, makeOverrides(50, upTo(6, replaced), { now: NOW + 60 }));
    expect(held).toMatchObject([{ kind: 'gain', changes: [{ kind: 'keys-write', name: 'p6' }] }]);
    const added = (user: StoredUser) => withKeys(user, [...user.record.keys, `added of ${user.record.id}`]);
    expect(runSync(nodeInSync(50), makeOverrides(50, added)).held).toEqual([]);
  });
});

describe('a frozen node', () => {
  it('makes no grant and believes no absence, while explicit revocations and renewals go on', () => {
    const node = nodeInSync(10);
    const overrides = makeOverrides(12, (user, n) => {
      if (n === 1) return inactive(user);
      if (n === 2) return absent(user);
      return n === 3 ? { ...user, confirmedAt: NOW } : user;
    });
    const { held, go } = runSync(node, { ...overrides, isFrozen: true });
    expect(held.map(({ kind }) => kind)).toEqual(['frozen']);
    expect(openCount(node)).toBe(9);
    expect(new Set(held[0]!.changes.map(({ scimId }) => scimId))).toEqual(
      new Set(['u-p2', 'u-p11', 'u-p12']),
    );
    expect(go.some(({ kind, name }) => kind === 'keys-write' && name === 'p3')).toBe(true);
    runSync(node, overrides);
    expect(openCount(node)).toBe(10);
  });
});
