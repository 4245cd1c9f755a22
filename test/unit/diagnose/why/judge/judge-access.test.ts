import { describe, expect, test } from 'vitest';
import type { Facts, GroupFacts, PersonFacts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeAccess } from '../../../../../src/diagnose/why/judge/judge-access.ts';
import {
  config,
  group,
  healthy,
  notProbed,
  NOW,
  person,
  probed,
  withPerson,
} from '../../../../support/records/healthy.ts';

const foundWith = (members: string[], nested: string[] = []): GroupFacts => ({
  name: 'slurm-users',
  pinned: null,
  found: { ...group, members, nested },
  lookalikes: [],
  listsPerson: false,
  grant: null,
});
const notFound: GroupFacts = { ...foundWith([]), found: null };
const withGroups = (...groups: GroupFacts[]) => withPerson({ groups });
const [granting] = person.groups;

const entry = { name: 'alice', uid: 10_000, gid: 9999, gecos: '', dir: '/home/alice', shell: '/bin/bash' };
const enabled = { entry, expiryDay: null };
const held = (kind: 'loss' | 'frozen', hash = 'abcd'): PersonFacts['held'][number] => ({
  hash,
  kind,
  reason: 'it is too large',
  changes: [],
  since: NOW - 60,
  actsAt: null,
});

describe('the link `access`', () => {
  test('is in order for a member of one access group, though another one is missing', () => {
    expect(judgeAccess(healthy)).toMatchObject({ level: 'ok', owner: null });
    expect(judgeAccess(withGroups(notFound, granting!)).level).toBe('ok');
    expect(judgeAccess(healthy).detail).toContain('slurm-users');
  });

  test.each<[string, 'provider' | 'operator', Facts]>([
    ['access-no-member', 'provider', withGroups(foundWith(['another']))],
    ['access-no-member', 'provider', withGroups(foundWith([]), foundWith(['another']))],
    ['access-no-member', 'provider', withGroups(foundWith(['another'], ['g2']))],
    ['access-empty-group', 'provider', withGroups(foundWith([]), foundWith([]))],
    ['access-nested-group', 'provider', withGroups(foundWith([], ['g2']))],
    ['access-nested-group', 'provider', withGroups(foundWith(['another']), foundWith([], ['g2']))],
    ['access-group-missing', 'provider', withGroups(notFound)],
    // A group that is missing affects each of its members, so it is named before any other cause.
    ['access-group-missing', 'provider', withGroups(foundWith([], ['g2']), notFound)],
    ['access-group-missing', 'provider', withGroups({ ...notFound, pinned: 'old' })],
    ['access-group-spelling', 'operator', withGroups({ ...notFound, lookalikes: ['Slurm-Users'] })],
    [
      'access-group-spelling',
      'operator',
      withGroups({ ...notFound, pinned: 'old', lookalikes: ['Slurm-Users'] }),
    ],
    ['access-group-pin', 'operator', withGroups({ ...notFound, pinned: 'old', lookalikes: ['slurm-users'] })],
    ['access-not-listed-here', 'operator', withPerson({ disabled: 'not-listed-here' })],
  ])('%s is an error of the %s', (code, owner, facts) => {
    expect(judgeAccess(facts)).toMatchObject({
      level: 'error',
      code,
      owner,
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('an empty access.groups is named before any group', () => {
    const facts = { ...withGroups(), config: { ...config, access: { ...config.access, groups: [] } } };
    expect(judgeAccess(facts)).toMatchObject({ level: 'error', code: 'access-no-groups', owner: 'operator' });
  });

  test('is not known without a record', () => {
    expect(judgeAccess({ ...healthy, person: notProbed }).level).toBe('unknown');
    expect(judgeAccess({ ...healthy, person: probed(null) }).level).toBe('unknown');
  });
});

describe('a block', () => {
  test.each(['block-list', 'overrides'] as const)('of the %s comes before every other cause', (source) => {
    const block = { source, detail: 'left on Friday' };
    const verdict = judgeAccess(withPerson({ block, groups: [notFound], disabled: 'blocked' }));
    expect(verdict).toMatchObject({ level: 'error', code: 'access-blocked', owner: 'operator' });
    expect(verdict.detail).toContain('left on Friday');
  });

  test('has the fix for the place where it is written', () => {
    const fixOf = (source: 'block-list' | 'overrides') =>
      judgeAccess(withPerson({ block: { source, detail: '' } })).howToFix;
    expect(fixOf('block-list')).toContain('sunk-agent unblock');
    expect(fixOf('overrides')).not.toContain('sunk-agent unblock');
  });

  test('is not softened by a loss that the guard holds', () => {
    const block = { source: 'block-list', detail: '' } as const;
    expect(judgeAccess(withPerson({ block, held: [held('loss')], actual: enabled })).level).toBe('error');
  });
});

describe('a loss that the guard holds', () => {
  const without = [foundWith(['another'])];

  test('is a warning with the code of its cause and the hash to approve, while the account is enabled', () => {
    const verdict = judgeAccess(withPerson({ groups: without, held: [held('loss')], actual: enabled }));
    expect(verdict).toMatchObject({ level: 'warning', code: 'access-no-member', owner: 'provider' });
    expect(verdict.howToFix).toContain('sunk-agent approve abcd');
    // Beside the fix of its cause, for a loss that is not intended.
    const cause = judgeAccess(withPerson({ groups: without, actual: enabled }));
    expect(verdict.howToFix).toContain(cause.howToFix);
  });

  test('is found behind what waits for the end of a freeze', () => {
    const both = [held('frozen', 'ffff'), held('loss')];
    const verdict = judgeAccess(withPerson({ groups: without, held: both, actual: enabled }));
    expect(verdict.howToFix).toContain('sunk-agent approve abcd');
  });

  test.each<[string, Partial<PersonFacts>]>([
    ['nothing is held', { held: [] }],
    ['only the freeze holds something', { held: [held('frozen')] }],
    ['the node has no account', { held: [held('loss')], actual: null }],
    ['the account is disabled already', { held: [held('loss')], actual: { entry, expiryDay: 1 } }],
  ])('is none where %s: that is an error', (_, more) => {
    expect(judgeAccess(withPerson({ groups: without, actual: enabled, ...more }))).toMatchObject({
      level: 'error',
      code: 'access-no-member',
    });
  });
});
