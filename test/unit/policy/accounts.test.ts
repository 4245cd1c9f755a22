// Accounts as they come out: in the order of their names, with keys or without, and what is reported of them.
import { expect, test } from 'vitest';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import { makeConfig, makeInput, makeUser } from '../../support/records/organisation.ts';

const CONFIG = makeConfig(
  'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }\nkeys: { max_age: 1d }',
);

test('accounts come in the order of their names, whatever the order of the records', () => {
  const users = [makeUser('bob', 20200), makeUser('alice', 20100)];
  for (const each of [users, [...users].reverse()]) {
    const { accounts } = computeDesiredState(makeInput({ users: each, config: CONFIG }));
    expect(accounts.map(({ entry }) => entry.name)).toEqual(['alice', 'bob']);
  }
});

test('an account without keys has no key file and nothing that could expire', () => {
  const users = [makeUser('alice', 20100, { keys: [] }), makeUser('bob', 20200)];
  const [alice, bob] = computeDesiredState(makeInput({ users, config: CONFIG })).accounts;
  expect(alice).toMatchObject({ credentials: [] });
  expect(bob!.credentials.map(({ expiresAt }) => expiresAt)).toEqual([expect.any(Number)]);
});

test('what is wrong with a key or a shell is reported of the person', () => {
  const users = [makeUser('alice', 20100, { keys: ['bad key'], shell: '/bin/fish' })];
  expect(computeDesiredState(makeInput({ users, config: CONFIG })).refusals).toMatchObject([
    { scimId: 'u-alice', kind: 'User', code: 'key-base64' },
    { scimId: 'u-alice', kind: 'User', code: 'shell-refused' },
  ]);
});
