// Which first owners a sync records: of keys that leave a file, and of keys that two people list.
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/plan/change.ts';
import { planFirstOwners } from '../../../../src/plan/sync/plan-first-owners.ts';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
import type { Refusal } from '../../../../src/policy/model.ts';
import {
  CONFIG,
  fakeFingerprint,
  makeBinding,
  makeConfig,
  makeInput,
  makeUser,
  NOW,
} from '../../../support/records/organisation.ts';

const KEY = fakeFingerprint('key of alice');
const bindings = [makeBinding('alice', 20_100), makeBinding('bob', 20_200)];

function plan({
  changes = [] as Change[],
  refusals = [] as Refusal[],
  keyFiles = new Map<string, string>(),
  ...more
}: {
  changes?: Change[];
  refusals?: Refusal[];
  keyFiles?: Map<string, string>;
} & Partial<Parameters<typeof planFirstOwners>[0]>) {
  return planFirstOwners(
    { ...makeInput(), bindings, firstOwners: [], ...more },
    changes,
    { refusals },
    { keyFiles },
  );
}

const write = (lost: string[]): Change => ({
  scimId: 'u-alice',
  name: 'alice',
  kind: 'keys-write',
  because: 'the store lists other keys',
  text: '',
  until: null,
  gained: [],
  lost,
});
const shared = (more: Partial<Refusal>): Refusal => ({
  scimId: 'u-alice',
  kind: 'User',
  code: 'key-shared',
  detail: 'bob lists it too',
  ...more,
});

describe('the first owner of a key', () => {
  test('is recorded when the key leaves the file of a person who still lists it', () =>
    expect(plan({ changes: [write([KEY])] })).toEqual({
      remember: [{ fingerprint: KEY, scimId: 'u-alice' }],
      forget: [],
    }));

  test('is not recorded of a key that the person lists no longer', () =>
    expect(plan({ changes: [write([fakeFingerprint('an older key')])] }).remember).toEqual([]));

  test('is recorded where several people list the key', () =>
    expect(plan({ refusals: [shared({ fingerprint: KEY })] }).remember).toEqual([
      { fingerprint: KEY, scimId: 'u-alice' },
    ]));

  test('is not recorded for another refusal, or for one without a fingerprint', () => {
    expect(plan({ refusals: [shared({ fingerprint: KEY, code: 'key-weak' })] }).remember).toEqual([]);
    expect(plan({ refusals: [shared({})] }).remember).toEqual([]);
  });

  test('counts keys that an operator adds', () => {
    const text = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+fNVEZx1uVGzuJVyVYBTVSNDsQxMBFSNf7LhRDJGBN';
    const fingerprint = readKeys([text]).flatMap((key) => (key.ok ? [key.key.fingerprint] : []))[0] ?? '';
    const config = makeConfig(`
access: { groups: [{ name: slurm-users, id: g-users }] }
accounts: { domains: [example.com] }
overrides: [{ name: alice, add_key: "${text}" }]
`);
    const firstOwners = [{ fingerprint, scimId: 'u-alice' }];
    expect(plan({ config, firstOwners }).forget).toEqual([]);
    expect(
      plan({ config, firstOwners: [...firstOwners, { fingerprint: KEY, scimId: 'u-alice' }] }).forget,
    ).toEqual([]);
    expect(plan({ config: CONFIG, firstOwners }).forget).toEqual([fingerprint]);
  });

  test('is forgotten once the retention of the account is over', () => {
    const retention = CONFIG.accounts.retention;
    const gone = (disabledAt: number) => [makeBinding('alice', 20_100, { disabledAt })];
    const firstOwners = [{ fingerprint: KEY, scimId: 'u-alice' }];
    expect(plan({ firstOwners, bindings: gone(NOW - retention) }).forget).toEqual([KEY]);
    expect(plan({ firstOwners, bindings: gone(NOW - retention + 1) }).forget).toEqual([]);
  });

  test('stays while the record is absent', () => {
    const users = [{ ...makeUser('alice', 20_100, { keys: [] }), absent: true }];
    expect(plan({ users, firstOwners: [{ fingerprint: KEY, scimId: 'u-alice' }] }).forget).toEqual([]);
  });
});
