// Who may log in, and what operators of this node decided of one person.
import { describe, expect, it } from 'vitest';
import {
  groupByMember,
  ID_MARK,
  listAccessGroups,
  readOperatorOverrides,
  resolveAccess,
} from '../../../src/policy/access.ts';
import { makeConfig, makeGroup } from '../../support/records/organisation.ts';

describe('the groups that list a person', () => {
  it('are named for each of them, once, in the order of the groups', () => {
    const found = groupByMember([
      { name: 'users', members: ['a', 'b', 'a'] },
      { name: 'crew', members: ['b'] },
      { name: 'empty', members: [] },
    ]);
    expect(found).toEqual(
      new Map([
        ['a', ['users']],
        ['b', ['users', 'crew']],
      ]),
    );
  });

  it('are those of access alone', () => {
    const config = makeConfig('access: { groups: [{ name: users }], sudo_groups: [{ name: admins }] }');
    const groups = [
      makeGroup('users', 1, ['a']),
      makeGroup('admins', 2, ['a']),
      makeGroup('other', 3, ['a']),
    ];
    expect(listAccessGroups(config, groups)).toEqual(new Map([['a', ['users']]]));
  });
});

describe('a group of access', () => {
  const resolve = (...groups: ReturnType<typeof makeGroup>[]) =>
    resolveAccess(makeConfig('access: { groups: [{ name: users }] }').access, groups);

  it('of several of its name is the one created earliest, then the one with the smaller id', () => {
    const late = makeGroup('late', 1, ['a'], { name: 'users', created: '2026-02-01T00:00:00Z' });
    const early = makeGroup('early', 2, ['b'], { name: 'users' });
    const other = makeGroup('another', 3, ['c'], { name: 'users' });
    expect([...resolve(late, early).members]).toEqual(['b']);
    expect([...resolve(late, early, other).members]).toEqual(['c']);
    expect(resolve(late, early).refusals).toEqual([
      {
        scimId: 'g-late',
        kind: 'Group',
        code: 'group-namesake',
        detail: 'has the name of an access or sudo group, but the one meant is g-early: it grants nothing',
      },
    ]);
  });

  it('lets in no member of a group within it', () => {
    const nested = (...groups: string[]) =>
      resolve(makeGroup('users', 1, ['a'], { nested: groups })).refusals.map(({ kind, detail }) => [
        kind,
        detail,
      ]);
    expect(nested('g-x')).toEqual([
      ['Group', '1 of its members is a group, which is not followed: push the people themselves'],
    ]);
    expect(nested('g-x', 'g-y')).toEqual([
      ['Group', '2 of its members are groups, which are not followed: push the people themselves'],
    ]);
  });
});

describe('an operator blocks', () => {
  const isBlocked = (blocked: string[], id: string, userName: string, name: string | null): boolean =>
    readOperatorOverrides(makeConfig(), blocked).rulesFor({ id, userName }, name).block;

  it('by SCIM id, userName without case, or account name', () => {
    expect(isBlocked(['u-1'], 'u-1', 'Alice@x', 'alice')).toBe(true);
    expect(isBlocked(['ALICE@X'], 'u-1', 'Alice@x', 'alice')).toBe(true);
    expect(isBlocked(['alice'], 'u-1', 'Other@x', 'alice')).toBe(true);
    expect(isBlocked(['alice'], 'u-1', 'Other@x', null)).toBe(false);
    expect(isBlocked(['null'], 'u-1', 'Other@x', null)).toBe(false);
    expect(isBlocked([], 'u-1', 'Alice@x', 'alice')).toBe(false);
  });

  it('by an id that is marked as one no person of that name', () => {
    expect(isBlocked([`${ID_MARK}alice`], 'u-1', 'alice', 'alice')).toBe(false);
    expect(isBlocked([`${ID_MARK}u-1`], 'u-1', 'alice', 'alice')).toBe(true);
    expect(isBlocked([`alice${ID_MARK}`], 'u-1', `alice${ID_MARK}`, null)).toBe(true);
  });
});

describe('overrides of one person', () => {
  const rules = (yaml: string, name: string | null = 'alice') =>
    readOperatorOverrides(makeConfig(`overrides: [${yaml}]`), []).rulesFor(
      { id: 'u-1', userName: 'Alice@x' },
      name,
    );
  const NONE = { block: false, uid: null, addKeys: [] };

  it('add up, by id before userName before account name', () => {
    expect(rules('')).toEqual(NONE);
    expect(
      rules('{ id: u-1, uid: 20001 }, { name: alice@X, uid: 20002 }, { name: alice, uid: 20003 }'),
    ).toEqual({
      ...NONE,
      uid: 20001,
    });
    expect(rules('{ name: alice@X, uid: 20002 }, { name: alice, uid: 20003 }').uid).toBe(20002);
    expect(rules('{ name: alice, uid: 20003, block: true }')).toEqual({ ...NONE, uid: 20003, block: true });
    const keys = rules(
      '{ id: u-1, add_key: one }, { id: u-1, add_key: two }, { name: alice, add_key: three }',
    );
    expect(keys.addKeys).toEqual(['one', 'two', 'three']);
  });

  it('are none of another person, nor of a group', () => {
    expect(rules('{ id: u-2, uid: 20001 }, { name: bob, block: true }')).toEqual(NONE);
    expect(rules('{ group: u-1, gid: 31000 }')).toEqual(NONE);
    expect(rules('{ name: alice, uid: 20003 }', null)).toEqual(NONE);
  });
});
