// Groups and rules to Slurm accounts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slurm } from '../../../../src/config/slurm.ts';
import { computeDesiredSlurm } from '../../../../src/policy/slurm/desired-slurm.ts';
import type { StoredGroup } from '../../../../src/policy/model.ts';
import { makeGroup } from '../../../support/records/organisation.ts';

function configure(rules: readonly object[]) {
  return { slurm: slurm.parse({ mode: 'enforce', rules }) };
}

function group(name: string, members: readonly string[], absent = false): StoredGroup {
  const { record } = makeGroup(name, null, members);
  return { record, absent };
}

const person = (name: string, isEnabled = true) => ({
  scimId: `u-${name}`,
  name,
  uid: 20_000 + name.charCodeAt(0),
  isEnabled,
});

describe('rules', () => {
  it('give each member the account, and name the default by the first rule with one', () => {
    const { accounts, people, refusals } = computeDesiredSlurm({
      config: configure([
        { group: 'ml', account: 'machine-learning', fairshare: 3 },
        { group: 'bio', default: true, parent: 'machine-learning' },
        { group: 'team-*', default: true },
      ]),
      groups: [
        group('team-a', ['u-alice', 'u-bob']),
        group('bio', ['u-alice']),
        group('ml', ['u-alice', 'u-zoe']),
      ],
      people: [person('bob'), person('alice'), person('carol', false)],
    });
    expect(refusals).toEqual([]);
    expect(accounts.map(({ name, parent }) => [name, parent])).toEqual([
      ['machine-learning', 'root'],
      ['bio', 'machine-learning'],
      ['team-a', 'root'],
    ]);
    expect(people.map(({ name, accounts: own, defaultAccount }) => [name, own, defaultAccount])).toEqual([
      ['alice', ['bio', 'machine-learning', 'team-a'], 'bio'],
      ['bob', ['team-a'], 'team-a'],
      ['carol', [], null],
    ]);
  });

  it('refuse an imported account whose name Slurm would fold into another one', () => {
    const input = { config: configure([{ group: 'ml' }]), groups: [group('ml', ['u-Alice', 'u-_bob'])] };
    const { people, refusals } = computeDesiredSlurm({
      ...input,
      people: [person('Alice'), person('_bob'), person('Zoe')],
    });
    expect(people.map(({ name }) => name)).toEqual(['_bob']);
    const detail = 'the account Alice cannot be a Slurm user: Slurm would fold that name into another one';
    expect(refusals).toEqual([
      { kind: 'User', code: 'slurm-name', scimId: 'u-Alice', name: 'Alice', detail },
    ]);
  });

  it('give nothing to who is disabled, whatever the groups say', () => {
    const input = {
      config: configure([{ group: 'ml', default: true }]),
      groups: [group('ml', ['u-alice'])],
    };
    const { people } = computeDesiredSlurm({ ...input, people: [person('alice', false)] });
    expect(people).toMatchObject([{ accounts: [], defaultAccount: null }]);
  });

  it('keep the last members of a named group that is gone, and say so; of a pattern only what is there', () => {
    const { people, refusals } = computeDesiredSlurm({
      config: configure([{ group: 'ml' }, { group: 'team-*' }, { group: 'typo' }]),
      groups: [group('ml', ['u-alice'], true), group('team-a', ['u-alice'], true)],
      people: [person('alice')],
    });
    expect(people[0]?.accounts).toEqual(['ml']);
    const missing = (name: string): string =>
      `the store does not have the group ${name} that a rule of slurm.rules names`;
    const common = { kind: 'Group', code: 'slurm-group-missing' };
    expect(refusals).toEqual([
      {
        ...common,
        scimId: group('ml', []).record.id,
        name: 'ml',
        detail: `${missing('ml')}: the associations of its last members stay as they are`,
      },
      { ...common, scimId: 'typo', name: 'typo', detail: missing('typo') },
    ]);
  });

  it('find a group that is gone by the id to which it is pinned, whatever characters its name has', () => {
    const gone = group('ml-*', ['u-alice'], true);
    const { people, refusals } = computeDesiredSlurm({
      config: configure([
        { group: 'ml-*', id: gone.record.id, account: 'ml' },
        { group: 'bio', id: 'g-unknown' },
      ]),
      groups: [gone],
      people: [person('alice')],
    });
    expect(people[0]?.accounts).toEqual(['ml']);
    expect(refusals.map(({ code, scimId }) => [code, scimId])).toEqual([
      ['slurm-group-missing', gone.record.id],
      ['slurm-group-missing', 'g-unknown'],
    ]);
  });

  it('describe an account that several of them give by the first one, and its group by the first name', () => {
    const { accounts } = computeDesiredSlurm({
      config: configure([
        { group: 'team-*', account: 'team', fairshare: 2, qos: ['normal', 'high'] },
        { group: 'bio', account: 'team', fairshare: 9 },
      ]),
      groups: [group('bio', []), group('team-b', []), group('team-a', [])],
      people: [],
    });
    const scimId = group('team-a', []).record.id;
    expect(accounts).toMatchObject([{ name: 'team', scimId, fairshare: 2, qos: ['high', 'normal'] }]);
  });

  it('pin a group by its SCIM id', () => {
    const pinned = group('ml', ['u-alice']);
    const impostor = { ...pinned, record: { ...pinned.record, id: 'g-other', members: ['u-bob'] } };
    const { people } = computeDesiredSlurm({
      config: configure([{ group: 'ml', id: pinned.record.id }]),
      groups: [impostor, pinned],
      people: [person('alice'), person('bob')],
    });
    expect(people.map(({ accounts }) => accounts)).toEqual([['ml'], []]);
  });

  it.each(['ML Research', 'a,b', 'Team', "o'neil", 'root', '', 'ä', 'x'.repeat(41), 'a|b', '-x'])(
    'make no account of the group %j, whose name Slurm would change',
    (name) => {
      const { accounts, refusals } = computeDesiredSlurm({
        config: configure([{ group: '*' }]),
        groups: [group(name, ['u-alice'])],
        people: [person('alice')],
      });
      expect(accounts).toEqual([]);
      expect(refusals).toEqual([
        {
          kind: 'Group',
          code: 'slurm-name',
          scimId: group(name, []).record.id,
          name,
          detail: `the group ${name} cannot be a Slurm account: Slurm would fold or split that name. Give its rule an account`,
        },
      ]);
    },
  );

  it('order accounts by name, and each after its parent', () => {
    const { accounts } = computeDesiredSlurm({
      config: configure([
        { group: 'd' },
        { group: 'c' },
        { group: 'b', parent: 'c' },
        { group: 'a', parent: 'b' },
      ]),
      groups: ['d', 'a', 'b', 'c'].map((name) => group(name, [])),
      people: [],
    });
    expect(accounts.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd']);
  });

  it('do not depend on the order of groups and people', () => {
    const alike = group('a', ['u-bob']);
    const groups = [
      group('a', ['u-alice', 'u-bob']),
      // A store may have two groups of one name.
      { ...alike, record: { ...alike.record, id: 'g-0' } },
      group('b', ['u-bob']),
      group('c', ['u-carol'], true),
    ];
    const people = [person('alice'), person('bob'), person('carol', false)];
    const config = configure([
      { group: '*', default: true },
      { group: 'c', account: 'b' },
    ]);
    const once = computeDesiredSlurm({ config, groups, people });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(groups, { minLength: groups.length }),
        fc.shuffledSubarray(people, { minLength: people.length }),
        (one, other) => {
          expect(computeDesiredSlurm({ config, groups: one, people: other })).toEqual(once);
        },
      ),
    );
  });
});
