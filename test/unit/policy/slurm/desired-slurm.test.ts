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

  it('give nothing to who is disabled, whatever the groups say', () => {
    const input = { config: configure([{ group: 'ml' }]), groups: [group('ml', ['u-alice'])] };
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
    expect(refusals.map(({ code, scimId }) => [code, scimId])).toEqual([
      ['slurm-group-missing', expect.stringContaining('ml')],
      ['slurm-group-missing', 'typo'],
    ]);
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
      expect(refusals.map(({ code }) => code)).toEqual(['slurm-name']);
    },
  );

  it('do not depend on the order of groups and people', () => {
    const groups = [group('a', ['u-alice', 'u-bob']), group('b', ['u-bob']), group('c', ['u-carol'], true)];
    const people = [person('alice'), person('bob'), person('carol', false)];
    const config = configure([
      { group: '*', default: true },
      { group: 'c', account: 'b' },
    ]);
    const once = computeDesiredSlurm({ config, groups, people });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(groups, { minLength: 3 }),
        fc.shuffledSubarray(people, { minLength: 3 }),
        (one, other) => {
          expect(computeDesiredSlurm({ config, groups: one, people: other })).toEqual(once);
        },
      ),
    );
  });
});
