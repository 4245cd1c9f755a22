import { describe, expect, test } from 'vitest';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import { makeBinding, makeConfig, makeInput, makeUser } from '../../support/records/organisation.ts';

const configure = (overrides: string) =>
  makeConfig(
    `access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }\noverrides: ${overrides}`,
  );
const refusals = (overrides: string, more = {}) =>
  computeDesiredState(makeInput({ config: configure(overrides), ...more })).refusals;

describe('an override', () => {
  test.each([
    '{ id: u-alice, block: true }',
    '{ name: Alice@example.com, block: true }',
    '{ name: alice, block: true }',
  ])('%s blocks alice, and is not reported', (override) => {
    const { accounts, refusals: found } = computeDesiredState(
      makeInput({ config: configure(`[${override}]`) }),
    );
    expect(accounts.map(({ entry }) => entry.name)).toEqual(['bob']);
    expect(found).toEqual([]);
  });

  test('by the account’s name gives a newcomer their uid', () => {
    const { accounts } = computeDesiredState(
      makeInput({ config: configure('[{ name: alice, uid: 20999 }]') }),
    );
    expect(accounts.find(({ entry }) => entry.name === 'alice')?.entry.uid).toBe(20_999);
  });

  test('by the name that an account was taken over with finds it', () => {
    const users = [makeUser('anna.smith', 20300)];
    const bindings = [makeBinding('anna.smith', 20300)];
    expect(refusals('[{ name: anna.smith, block: true }]', { users, bindings, groups: [] })).toEqual([]);
  });

  test.each(['{ id: u-alcie, block: true }', '{ name: alcie, uid: 20999 }'])('%s is reported', (override) => {
    expect(refusals(`[${override}]`)).toMatchObject([
      { code: 'override-unmatched', detail: expect.stringContaining('alcie') },
    ]);
  });

  test('of a user who left the store is reported, of one that the ledger binds is not', () => {
    const users = [{ ...makeUser('alice', 20100), absent: true }];
    const alice = '[{ id: u-alice, block: true }, { group: g-users, gid: 31000 }]';
    expect(refusals(alice, { users })).toEqual([
      {
        scimId: '',
        kind: 'User',
        code: 'override-unmatched',
        detail: 'overrides in config.yaml names the SCIM id u-alice, which no user has',
      },
    ]);
    expect(refusals(alice, { users, bindings: [makeBinding('alice', 20100)] })).toEqual([]);
  });

  test('is not reported before the store was read once', () => {
    expect(refusals('[{ id: u-alcie, block: true }]', { completeAt: null })).toEqual([]);
  });
});
