// Account names that operators chose: they stand in for the attribute, and all further rules hold for them.
import { expect, test } from 'vitest';
import { applyChosenNames } from '../../../../src/policy/names/chosen-names.ts';
import { makeConfig, makeUser } from '../../../support/records/organisation.ts';

const users = [makeUser('alice', 20100), makeUser('bob', 20200), makeUser('carol', 20300)];
const names = (overrides: string) =>
  applyChosenNames(users, makeConfig(`overrides: [${overrides}]`)).map(({ record }) => record.username);
const ASIS = users.map(({ record }) => record.username);

test('by SCIM id, and by userName without case', () => {
  expect(names('{ id: u-alice, account: ally }')).toEqual(['ally', ASIS[1], ASIS[2]]);
  expect(names('{ name: BOB@example.com, account: bobby }')).toEqual([ASIS[0], 'bobby', ASIS[2]]);
  expect(names('{ id: u-bob, account: first }, { name: bob@example.com, account: second }')).toEqual([
    ASIS[0],
    'first',
    ASIS[2],
  ]);
});

test('an override without a name changes nothing, and without any the users are the same', () => {
  expect(names('{ id: u-alice, uid: 20500 }, { id: u-bob, account: bobby }')).toEqual([
    ASIS[0],
    'bobby',
    ASIS[2],
  ]);
  expect(applyChosenNames(users, makeConfig())).toBe(users);
});

test('what else is known of the person stays', () => {
  const [alice] = applyChosenNames(users, makeConfig('overrides: [{ id: u-alice, account: ally }]'));
  expect(alice).toEqual({ ...users[0], record: { ...users[0]!.record, username: 'ally' } });
  expect(alice?.readings).toBe(users[0]!.readings);
});
