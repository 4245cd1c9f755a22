// Grants with an end: when one counts, what it gives, and what ends with it.
import { describe, expect, it } from 'vitest';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import { applyGrants, type Grant, type JudgedGrant, judgeGrant } from '../../../src/policy/grants.ts';
import {
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makeUser,
  NOW,
} from '../../support/records/organisation.ts';

const HOUR = 3600;
const GRANT: Grant = {
  scimId: 'u-bob',
  groupId: 'g-admins',
  group: 'slurm-admins',
  at: NOW,
  until: NOW + HOUR,
  by: 'root',
  reason: 'on call',
  bootId: 'boot',
  uptime: 1000,
  endedAt: null,
};

describe('a grant counts', () => {
  const counts = (clock: object, grant: Partial<Grant> = {}): boolean =>
    judgeGrant(
      { ...GRANT, ...grant },
      { now: NOW + 60, bootId: 'boot', uptime: 1060, lastSync: NOW, ...clock },
    ).inForce;

  it('until its end, and not in the second of it', () => {
    expect(counts({})).toBe(true);
    expect(counts({ now: NOW + HOUR - 1 })).toBe(true);
    expect(counts({ now: NOW + HOUR })).toBe(false);
  });

  it('with a clock that was corrected by 5 s, and not one that was set back further', () => {
    expect(counts({ now: NOW - 5 })).toBe(true);
    expect(counts({ now: NOW - 6 })).toBe(false);
    expect(counts({ now: NOW - 6, lastSync: 0 })).toBe(false);
    expect(counts({ now: NOW + 60, lastSync: NOW + 65 })).toBe(true);
    expect(counts({ now: NOW + 60, lastSync: NOW + 66 })).toBe(false);
  });

  it('within one boot for as long as it was given, whatever the clock says; another boot has no such measure', () => {
    expect(counts({ uptime: 1000 + HOUR - 1 })).toBe(true);
    expect(counts({ uptime: 1000 + HOUR })).toBe(false);
    expect(counts({ uptime: 1000 + HOUR, bootId: 'other' })).toBe(true);
    expect(counts({ uptime: 5, bootId: 'other' })).toBe(true);
  });

  it('never again once it ended', () => {
    expect(counts({}, { endedAt: NOW + 30 })).toBe(false);
    expect(judgeGrant({ ...GRANT, endedAt: 5 }, { now: NOW, bootId: '', uptime: 0, lastSync: 0 })).toEqual({
      ...GRANT,
      endedAt: 5,
      inForce: false,
    });
  });
});

const valid = (more: Partial<Grant> = {}): JudgedGrant => ({ ...GRANT, inForce: true, ...more });
const users = makeGroup('users', 31000, ['u-alice'], { name: 'slurm-users' });
const admins = makeGroup('admins', 31001, ['u-alice'], { name: 'slurm-admins' });

describe('a group has', () => {
  const members = (...grants: JudgedGrant[]) =>
    applyGrants([users, admins], grants).map(({ record }) => record.members);

  it('those as members who were let in, once each and sorted', () => {
    expect(members(valid(), valid({ scimId: 'u-alice' }), valid({ scimId: 'u-aaron' }), valid())).toEqual([
      ['u-alice'],
      ['u-aaron', 'u-alice', 'u-bob'],
    ]);
  });

  it('no one whose grant does not count, and an absent group no one at all', () => {
    expect(members({ ...valid(), inForce: false })).toEqual([['u-alice'], ['u-alice']]);
    const absent = { ...admins, absent: true };
    expect(applyGrants([absent], [valid()])).toEqual([absent]);
    expect(applyGrants([users], [])).toEqual([users]);
  });
});

describe('what a person has by a grant alone', () => {
  const decide = (grants: readonly JudgedGrant[], more: object = {}) =>
    computeDesiredState(
      makeInput({
        users: [makeUser('alice', 20100), makeUser('bob', 20200)],
        groups: [users, admins],
        grants,
        ...more,
      }),
    );
  const expiry = (grants: readonly JudgedGrant[], more: object = {}) =>
    decide(grants, more).accounts.map(({ entry, credentials: [key] }) => [
      entry.name,
      key?.expiresAt,
      key?.isEnd,
    ]);
  const login = { groupId: 'g-users', group: 'slurm-users' };
  const confirmed = NOW - 100;
  const usual = confirmed + makeConfig().keys.max_age!;

  it('is sudo until the latest of its ends', () => {
    const { sudoEnds } = decide([
      valid({ until: NOW + 60 }),
      valid({ until: NOW + 90 }),
      valid({ until: NOW + 70 }),
      valid(login),
    ]);
    expect(sudoEnds).toEqual(new Map([['bob', NOW + 90]]));
  });

  it('is sudo by any of several groups, and has no end where one of the store gives it', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }, { name: second }] }\naccounts: { domains: [example.com] }',
    );
    const second = makeGroup('second', 31002, ['u-alice']);
    const both = {
      config,
      groups: [users, { ...admins, record: { ...admins.record, members: [] } }, second],
    };
    expect(decide([valid({ ...login }), valid()], both).sudoEnds).toEqual(new Map([['bob', NOW + HOUR]]));
    expect(decide([valid({ scimId: 'u-alice' })], both).sudoEnds.size).toBe(0);
  });

  it('has no end where the store gives it too, or for a group that gives nothing', () => {
    expect(decide([valid({ scimId: 'u-alice' })]).sudoEnds.size).toBe(0);
    expect(decide([valid({ groupId: 'g-other' }), valid({ scimId: 'u-unknown' })]).sudoEnds.size).toBe(0);
    expect(decide([{ ...valid(), inForce: false }]).sudoEnds.size).toBe(0);
  });

  it('is a login with keys that end with the grant, where that is before their own end', () => {
    expect(expiry([valid(login)])).toEqual([
      ['alice', usual, undefined],
      ['bob', NOW + HOUR, true],
    ]);
    expect(expiry([valid({ ...login, until: usual })])[1]).toEqual(['bob', usual, undefined]);
    expect(expiry([valid({ ...login, until: usual - 1 })])[1]).toEqual(['bob', usual - 1, true]);
    expect(expiry([valid(login), valid({ ...login, scimId: 'u-alice' })])[0]).toEqual([
      'alice',
      usual,
      undefined,
    ]);
  });

  it('ends also where keys never expire', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }\nkeys: { max_age: never }',
    );
    expect(expiry([valid(login)], { config })).toEqual([
      ['alice', null, undefined],
      ['bob', NOW + HOUR, true],
    ]);
  });

  it('ends in words of its own, which another reason has none of', () => {
    const bindings = [makeBinding('bob', 20200)];
    const because = (grants: readonly JudgedGrant[], more: object = {}) =>
      decide(grants, { bindings, ...more }).accounts.find(({ scimId }) => scimId === 'u-bob')?.disabled;
    const ended = { ...valid(login), inForce: false };
    expect(because([ended])).toBe('grant-ended');
    expect(because([])).toBe('no-access-group');
    // A grant of another group, or of another person, is no reason.
    expect(because([{ ...ended, groupId: 'g-admins' }])).toBe('no-access-group');
    expect(because([{ ...ended, scimId: 'u-alice' }])).toBe('no-access-group');
    const inactive = [makeUser('bob', 20200, { active: false })];
    expect(because([ended], { users: inactive })).toBe('inactive');
    expect(decide([ended]).endedGrants).toEqual(new Set(['u-bob\ng-users']));
    expect(decide([valid(login)]).endedGrants.size).toBe(0);
  });
});
