import { describe, expect, test } from 'vitest';
import { judgeLikeness, type Treated } from '../../../../src/host/trial/like-people.ts';

const COMMON = { pubkeyauthentication: ['yes'], maxsessions: ['10'] };
const settings = (more: Record<string, string[]> = {}) => new Map(Object.entries({ ...COMMON, ...more }));
const person = (name: string, more: Record<string, string[]> = {}): Treated => ({
  name,
  groups: ['sunk-users', 'slurm-users'],
  settings: settings(more),
});
const judge = (...people: Treated[]) => judgeLikeness(people, settings());

describe('the login of the canary', () => {
  test('says something about people that sshd treats alike, and where there are none', () => {
    expect(judge(person('alice'), person('bob'))).toBeNull();
    expect(judge()).toBeNull();
  });

  test.each<[string, Record<string, string[]>]>([
    ['DenyGroups', { denygroups: ['slurm-*'] }],
    ['DenyUsers', { denyusers: ['a*', 'b*'] }],
    ['AllowUsers', { allowusers: ['sunk-canary', 'root'] }],
    ['AllowGroups', { allowgroups: ['staff'] }],
    ['forcecommand', { forcecommand: ['/bin/false'] }],
    ['pubkeyauthentication', { pubkeyauthentication: ['no'] }],
    ['maxsessions', { maxsessions: ['0'] }],
  ])('says nothing where %s concerns them all', (what, more) => {
    expect(judge(person('alice', more), person('bob', more))).toContain(what);
  });

  test.each<Record<string, string[]>>([
    { denyusers: ['alice@10.0.0.1'] },
    { denygroups: ['staff'] },
    { allowusers: ['alice@10.0.0.0/8', 'bob'] },
    { allowgroups: ['slurm-users'] },
  ])('says something where a list has them, or concerns some addresses: %j', (more) => {
    expect(judge(person('alice', more), person('bob', more))).toBeNull();
  });

  test('says something where a rule is about one of them', () => {
    expect(judge(person('alice', { forcecommand: ['/bin/false'] }), person('bob'))).toBeNull();
  });
});
