// What the ledger binds stays; what the store says otherwise is reported in words, and only of who may log in.
import { expect, test } from 'vitest';
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
