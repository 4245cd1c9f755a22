import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expireKeys, isExtended, MAX_EXTENSION } from '../../../src/policy/extension.ts';
import type { Extension } from '../../../src/policy/model.ts';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import { makeInput, makeUser } from '../../support/records/organisation.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;

function extension(more: Partial<Extension> = {}): Extension {
  return { scimId: 'a', confirmedAt: NOW - 8 * DAY, until: NOW + DAY, at: NOW - 60, by: 'root', ...more };
}

test('an extension counts for the record that the operator saw, and for no other', () => {
  const seen = { confirmedAt: NOW - 8 * DAY };
  expect(isExtended(seen, extension(), NOW)).toBe(true);
  expect(
    isExtended({ confirmedAt: seen.confirmedAt - 1 }, extension(), NOW),
    'a replayed state database',
  ).toBe(false);
  expect(isExtended({ confirmedAt: NOW - 30 }, extension(), NOW), 'confirmed since').toBe(false);
  expect(isExtended({ confirmedAt: 0 }, extension({ confirmedAt: 0 }), NOW), 'never confirmed').toBe(false);
});

test('an extension ends with its time, and one that reaches too far or comes from the future counts not at all', () => {
  const seen = { confirmedAt: NOW - 8 * DAY };
  expect(isExtended(seen, extension({ until: NOW }), NOW)).toBe(false);
  expect(isExtended(seen, extension({ at: NOW, until: NOW + MAX_EXTENSION + 1 }), NOW)).toBe(false);
  expect(isExtended(seen, extension({ at: NOW + 3600, until: NOW + DAY }), NOW)).toBe(false);
});

test('whatever the file and the state database hold, no key lives longer than max_age or a week from the approval', () => {
  const time = fc.integer({ min: 0, max: 2 * NOW });
  fc.assert(
    fc.property(time, time, time, time, time, (confirmedAt, seen, until, at, now) => {
      const given = extension({ confirmedAt: seen, until, at });
      const counts = isExtended({ confirmedAt }, given, now);
      const expiry = expireKeys(confirmedAt, 7 * DAY, counts ? given : null) ?? Infinity;
      expect(expiry).toBeLessThanOrEqual(Math.max(confirmedAt + 7 * DAY, now + 300 + MAX_EXTENSION));
      if (confirmedAt !== seen) expect(expiry).toBe(confirmedAt + 7 * DAY);
    }),
  );
});

test('credentials have the extended expiry; a disabled account has none, extended or not', () => {
  const alice = makeUser('alice', 20_100);
  const bob = makeUser('bob', 20_101);
  const input = makeInput({ users: [alice, bob] });
  const users = input.users.map((user) => ({ ...user, confirmedAt: input.now - 8 * DAY }));
  const extensions = new Map(
    users.map(({ record, confirmedAt }) => [
      record.id,
      { scimId: record.id, confirmedAt, until: input.now + DAY, at: input.now, by: 'root' },
    ]),
  );
  const before = computeDesiredState({ ...input, users });
  const after = computeDesiredState({ ...input, users, extensions });
  for (const [index, account] of after.accounts.entries()) {
    expect(account.credentials).toMatchObject([{ expiresAt: input.now + DAY }]);
    expect(account.credentials).not.toEqual(before.accounts[index]?.credentials);
    expect(account.extension?.by).toBe('root');
  }
  const gone = users.map((user) => ({ ...user, record: { ...user.record, active: false } }));
  for (const account of computeDesiredState({ ...input, users: gone, extensions }).accounts) {
    expect(account).toMatchObject({ credentials: [] });
    expect(account.extension).toBeUndefined();
  }
});
