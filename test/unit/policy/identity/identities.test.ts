// What the ledger binds stays; what the store says otherwise is reported in words, and only of who may log in.
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../../src/policy/desired-state.ts';
import {
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makeUser,
} from '../../../support/records/organisation.ts';

const ACCESS = 'access: { groups: [{ name: slurm-users, id: g-users }] }\n';
const configure = (accounts: string) =>
  makeConfig(`${ACCESS}accounts: { domains: [example.com], ${accounts} }`);
const KEEP = configure('rename: keep');
const APPLY = configure('rename: apply');
const WITH_GIDS = parseConfig(
  `scim: { base_url: "https://store.example/x", attributes: { gid: gid } }\n${ACCESS}accounts: { domains: [example.com] }`,
  'config.yaml',
);
const ALICE = makeBinding('alice', 20100);
const alice = (more: object = {}, uid: number | null = 20100) => [makeUser('alice', uid, more)];

/** `CODE: DETAIL` of each refusal, with whose it is where it is not alice's. */
const said = (more: Partial<DesiredStateInput>): string[] =>
  computeDesiredState(makeInput({ bindings: [ALICE], ...more }))
    .refusals.filter(({ kind }) => kind === 'User')
    .map(({ scimId, code, detail }) => `${scimId === 'u-alice' ? '' : `${scimId} `}${code}: ${detail}`);

test.each<[string, Partial<DesiredStateInput>]>([
  [
    'uid-kept: has the uid 20111 at the store or in overrides; the node keeps 20100 (sunk-agent rebind)',
    { users: alice({}, 20111) },
  ],
  [
    'gid-kept: has the gid 20999 at the store; the node keeps 9999',
    { users: alice({ gid: 20999 }), config: WITH_GIDS },
  ],
  [
    'gid-kept: has the gid 20999 at the store; the node keeps 20888',
    { users: alice({ gid: 20999 }), config: WITH_GIDS, bindings: [{ ...ALICE, gid: 20888 }] },
  ],
  [
    'gid-kept: has the gid 20999 at the store; the node keeps 9999',
    { users: alice({ gid: 20999 }), config: WITH_GIDS, bindings: [{ ...ALICE, gid: null }] },
  ],
  [
    'home-kept: has another home at the store; the node keeps /home/alice',
    { users: alice({ home: '/home/other' }) },
  ],
  [
    'home-kept: has another home at the store; the node keeps none',
    { users: alice({ home: '/home/other' }), bindings: [{ ...ALICE, home: null }] },
  ],
  [
    'rename-kept: has another user name at the store; the node keeps alice: accounts.rename is keep',
    { users: alice({ username: 'alicia@example.com' }), config: KEEP },
  ],
  [
    'rename-kept: has another user name at the store; the node keeps alice: alicia is blocked here',
    { users: alice({ username: 'alicia@example.com' }), config: APPLY, blocked: ['alicia'] },
  ],
  [
    'rename-kept: has another user name at the store; the node keeps alice: alicia is bound to another person',
    {
      users: alice({ username: 'alicia@example.com' }),
      config: APPLY,
      bindings: [ALICE, { ...ALICE, scimId: 'u-gone', name: 'alicia', id: 20300, home: '/home/alicia' }],
    },
  ],
  [
    'rename-kept: has another user name at the store, but alicia goes to another person',
    { users: [...alice({ username: 'alicia@example.com' }), makeUser('alicia', 20300)], config: APPLY },
  ],
])('%s', (expected, more) => {
  const groups = [makeGroup('users', 31000, ['u-alice', 'u-alicia'], { name: 'slurm-users' })];
  expect(said({ groups, ...more })).toEqual([expected]);
});

test.each<[string, Partial<DesiredStateInput>]>([
  ['another uid where uids are derived', { users: alice({}, 20111), config: configure('ids: derived') }],
  ['no uid', { users: alice({}, null) }],
  ['a gid that the configuration does not ask for', { users: alice({ gid: 20999 }) }],
  ['no gid', { users: alice({ gid: null }), config: WITH_GIDS }],
  ['the same gid', { users: alice({ gid: 9999 }), config: WITH_GIDS }],
  ['the same home', { users: alice({ home: '/home/alice' }) }],
  ['another uid of an inactive user', { users: alice({ active: false }, 20111) }],
  [
    'a name that cannot be one of a newcomer who is inactive',
    { users: alice({ active: false, username: '1@example.com' }), bindings: [] },
  ],
])('nothing is said of %s', (_, more) => {
  expect(said(more)).toEqual([]);
});

describe('of a person without access the ledger', () => {
  const left = (binding: object) => {
    const bindings = [{ ...ALICE, ...binding }];
    const { accounts, leftovers } = computeDesiredState(
      makeInput({ users: alice({ active: false }), bindings }),
    );
    return { accounts: accounts.map(({ entry }) => entry), leftovers: leftovers.map(({ fate }) => fate) };
  };

  test.each([{ name: 'al:ice' }, { id: 27 }, { id: 0, name: 'root' }])(
    'that binds what is never a person’s disables no line: %j',
    (binding) => expect(left(binding)).toEqual({ accounts: [], leftovers: ['deny'] }),
  );

  test('with an unsafe gid or home disables the line, with the managed group and no home', () => {
    const gid = makeConfig().accounts.primary_gid;
    expect(left({ gid: 27 }).accounts).toMatchObject([{ name: 'alice', gid, dir: '/home/alice' }]);
    expect(left({ home: 'no:path' }).accounts).toMatchObject([{ name: 'alice', dir: '/nonexistent' }]);
  });
});

describe('a rename', () => {
  const renamed = alice({ username: 'alicia@example.com' });
  const decide = (more: Partial<DesiredStateInput>) =>
    computeDesiredState(makeInput({ users: renamed, bindings: [ALICE], config: APPLY, ...more }));

  test('waits until the other name services were asked about the new name', () => {
    const waiting = decide({ nameServices: { services: ['ldap'], answers: null } });
    expect(waiting.accounts.map(({ entry }) => entry.name)).toEqual(['alice']);
    expect(waiting.questions.names).toContain('alicia');
    expect(waiting.refusals.map(({ code }) => code)).toContainEqual(expect.stringMatching(/^nss-/));
    expect(decide({}).accounts.map(({ entry }) => entry.name)).toEqual(['alicia']);
  });

  test('to a name that another one renames to goes to the one created earlier, and to a newcomer before both', () => {
    const both = [
      makeUser('alice', 20100, { username: 'zoe@example.com', created: '2026-02-01T00:00:00Z' }),
      makeUser('bob', 20200, { username: 'zoe@example.com' }),
    ];
    const bindings = [ALICE, makeBinding('bob', 20200)];
    expect(decide({ users: both, bindings }).accounts.map(({ entry }) => entry.name)).toEqual([
      'alice',
      'zoe',
    ]);
    const newcomer = makeUser('zoe', 20300);
    const groups = [makeGroup('users', 31000, ['u-alice', 'u-bob', 'u-zoe'], { name: 'slurm-users' })];
    const { accounts } = decide({ users: [...both, newcomer], bindings, groups });
    expect(accounts.map(({ scimId, entry }) => `${scimId} ${entry.name}`)).toEqual([
      'u-alice alice',
      'u-bob bob',
      'u-zoe zoe',
    ]);
  });

  test('is none where a name was taken over in another spelling', () => {
    const bindings = [{ ...ALICE, name: 'Anna.Smith' }];
    const users = alice({ username: 'anna.smith@example.com' });
    expect(decide({ users, bindings }).accounts.map(({ entry }) => entry.name)).toEqual(['Anna.Smith']);
  });
});

describe('what the name services are asked about a newcomer', () => {
  const ask = (more: Partial<DesiredStateInput>) =>
    computeDesiredState(
      makeInput({ users: alice(), nameServices: { services: ['ldap'], answers: null }, ...more }),
    ).questions;

  test('is name and uid, and the gid where it is one of their own', () => {
    expect(ask({})).toMatchObject({ names: ['alice'], uids: [20100] });
    expect(ask({}).gids).not.toContain(9999);
    expect(ask({ users: alice({ gid: 20500 }), config: WITH_GIDS }).gids).toContain(20500);
  });

  test('is nothing where the node refuses them anyway', () => {
    expect(ask({ users: alice({}, 20001) })).toMatchObject({ names: [], uids: [] });
    const bindings = [makeBinding('gone', 20900, { home: '/home' })];
    expect(ask({ bindings })).toMatchObject({ names: [] });
  });
});

test('a home that is shared on purpose is neither bound nor nested, and may be root’s', () => {
  const config = configure('home: /srv/all');
  const homes = new Map([
    ['/srv/all', { found: 'directory', uid: 0, parent: 'closed', detail: '' } as const],
  ]);
  const bindings = [makeBinding('gone', 20900, { home: '/srv/all' })];
  const input = makeInput({ users: [...alice(), makeUser('bob', 20200)], config, bindings });
  expect(computeDesiredState({ ...input, facts: { ...input.facts, homes } }).refusals).toEqual([]);
});
