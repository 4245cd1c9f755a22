// Which homes the host is asked about: those of people who may get one, where the ledger or the rules put it.
import { describe, expect, test } from 'vitest';
import { listHomes } from '../../../../src/plan/sync/list-homes.ts';
import type { JudgedGrant } from '../../../../src/policy/grants.ts';
import type { StoredUser } from '../../../../src/policy/model.ts';
import {
  CONFIG,
  makeBinding,
  makeConfig,
  makeGroup,
  makeUser,
  NOW,
} from '../../../support/records/organisation.ts';

const alice = makeUser('alice', 20_100);
const list = (user: StoredUser, more: Partial<Parameters<typeof listHomes>[0]> = {}): string[] =>
  listHomes({
    users: [user],
    groups: [makeGroup('users', 31_000, ['u-alice'])],
    bindings: [],
    former: [],
    config: CONFIG,
    grants: [],
    ...more,
  });

describe('a home is asked about', () => {
  test('where the rules put it', () => expect(list(alice)).toEqual(['/home/alice']));

  test('where the ledger has it, whatever the rules and the record say', () => {
    const moved = makeUser('alice', 20_100, { home: '/home/elsewhere' });
    const bindings = [makeBinding('alice', 20_100, { home: '/mnt/home/a.smith' })];
    expect(list(moved, { bindings })).toEqual(['/mnt/home/a.smith']);
  });

  test('where the record puts it, within the prefixes', () =>
    expect(list(makeUser('alice', 20_100, { home: '/home/people/alice' }))).toEqual(['/home/people/alice']));

  test('by the name that is made of the user name', () =>
    expect(list(makeUser('alice', 20_100, { username: 'Anna.Smith@EXAMPLE.com' }))).toEqual([
      '/home/anna_smith',
    ]));

  test('of someone who is granted access for a while', () => {
    const groups = [makeGroup('users', 31_000, [])];
    expect(list(alice, { groups })).toEqual([]);
    const grant: JudgedGrant = {
      scimId: 'u-alice',
      groupId: 'g-users',
      group: 'slurm-users',
      at: NOW,
      until: NOW + 60,
      by: 'op',
      reason: 'on call',
      bootId: 'boot',
      uptime: 1,
      endedAt: null,
      inForce: true,
    };
    expect(list(alice, { groups, grants: [grant] })).toEqual(['/home/alice']);
  });

  test('of a member of a group that was created again', () => {
    const groups = [makeGroup('again', 31_000, ['u-alice'])];
    const former = [{ kind: 'group', from: 'g-users', to: 'g-again', name: 'users', id: 31_000 } as const];
    expect(list(alice, { groups })).toEqual([]);
    expect(list(alice, { groups, former })).toEqual(['/home/alice']);
  });
});

describe('no home is asked about', () => {
  test('of someone who is absent, inactive or in no access group', () => {
    expect(list({ ...alice, absent: true })).toEqual([]);
    expect(list(makeUser('alice', 20_100, { active: false }))).toEqual([]);
    expect(list(makeUser('bob', 20_200))).toEqual([]);
  });

  test('of a name, or at a path, that is refused', () => {
    expect(list(makeUser('alice', 20_100, { username: 'alice@elsewhere.com' }))).toEqual([]);
    expect(list(makeUser('alice', 20_100, { home: '/etc/alice' }))).toEqual([]);
  });

  test('for a group’s line of the ledger', () => {
    const bindings = [makeBinding('alice', 31_000, { kind: 'group', home: '/home/of-a-group' })];
    expect(list(alice, { bindings })).toEqual(['/home/alice']);
  });

  test('by a binding without a home: the rules decide', () => {
    const bindings = [makeBinding('alice', 20_100, { home: null })];
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com], home: /mnt/%u }\n',
    );
    expect(list(alice, { bindings, config })).toEqual(['/mnt/alice']);
  });
});
