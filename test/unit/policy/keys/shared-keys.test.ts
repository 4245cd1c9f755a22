import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyClaim, resolveSharedKeys } from '../../../../src/policy/keys/shared-keys.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { renderKeyFile } from '../../../../src/policy/keys/key-file.ts';
import type { DesiredState, StoredUser } from '../../../../src/policy/model.ts';
import { FACTS, makeBinding, makeGroup, makeInput, makeUser } from '../../../support/records/organisation.ts';

const claim = (scimId: string, created: string | null, more: Partial<KeyClaim> = {}): KeyClaim => ({
  scimId,
  created,
  fingerprints: ['SHA256:x'],
  access: 'enabled',
  held: new Set(),
  first: new Set(),
  ...more,
});
const ownerOf = (...claims: KeyClaim[]) => {
  const { owner, because } = resolveSharedKeys(claims).get('SHA256:x') ?? {};
  return [owner, because];
};
const HELD = new Set(['SHA256:x']);

test('a key of two newcomers belongs to the one created earlier, as an instant and not as text', () => {
  const shared = resolveSharedKeys([
    claim('late', '2026-01-01T00:30:00+02:00', { fingerprints: ['SHA256:x', 'SHA256:own'] }),
    claim('later', '2025-12-31T23:00:00Z'),
    claim('unknown', null),
    claim('broken', 'yesterday'),
  ]);
  expect([...shared]).toEqual([
    [
      'SHA256:x',
      { owner: 'late', others: ['later', 'broken', 'unknown'], because: 'who was created earlier' },
    ],
  ]);
});

test('the one who holds it on this node keeps it, also before a record created earlier', () => {
  expect(ownerOf(claim('old', '2020-01-01T00:00:00Z'), claim('holder', null, { held: HELD }))).toEqual([
    'holder',
    'who holds it on this node',
  ]);
});

test('a record that may not log in has it before no one who may, even if it held the key', () => {
  const dormant = { access: 'none', held: HELD } as const;
  expect(ownerOf(claim('old', '2020-01-01T00:00:00Z', dormant), claim('new', null))).toEqual([
    'new',
    'who may log in here',
  ]);
});

test('without times the smaller SCIM id has it, and one person listing it twice shares it with no one', () => {
  const twice = { fingerprints: ['SHA256:x', 'SHA256:x'] };
  expect(ownerOf(claim('b', null, twice), claim('a', null))).toEqual(['a', 'who was created earlier']);
  expect(resolveSharedKeys([claim('a', null, twice)]).size).toBe(0);
});

const CREATED = [null, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', '2025-05-05T00:00:00Z'];
const KEYS = ['key 1', 'key 2', 'key 3', 'key 4'];

test('the order in which people and keys are listed never matters', () => {
  const fingerprints = fc.array(fc.constantFrom(...KEYS));
  const person = fc.record({
    scimId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    created: fc.constantFrom(...CREATED),
    fingerprints,
    access: fc.constantFrom('enabled', 'disabled-here', 'none'),
    held: fingerprints.map((some) => new Set(some)),
    first: fingerprints.map((some) => new Set(some)),
  });
  fc.assert(
    fc.property(fc.uniqueArray(person, { selector: (one) => one.scimId }), fc.nat(), (people, turn) => {
      const cut = turn % (people.length + 1);
      const turned = [...people.slice(cut), ...people.slice(0, cut)];
      const answer = resolveSharedKeys(people);
      expect(new Map(resolveSharedKeys(turned.reverse()))).toEqual(answer);
      for (const [fingerprint, { owner, others }] of answer) {
        const listing = people.filter((one) => one.fingerprints.some((listed) => listed === fingerprint));
        expect([owner, ...others].sort()).toEqual(listing.map(({ scimId }) => scimId).sort());
      }
    }),
  );
});

/** People p0, p1, ... some with access, with keys out of a few that all of them can list. */
const people = fc
  .array(
    fc.record({
      keys: fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 }),
      created: fc.constantFrom(...CREATED),
      active: fc.boolean(),
      isMember: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((made) =>
    made.map(({ isMember, ...record }, index) => ({
      isMember,
      user: makeUser(`p${index}`, 20_100 + index, record),
    })),
  );

type Made = readonly { readonly isMember: boolean; readonly user: StoredUser }[];

/** @param before what the node served until now; null: it is new. */
function decide(made: Made, before: DesiredState | null): DesiredState {
  const accounts = before?.accounts ?? [];
  return computeDesiredState(
    makeInput({
      users: made.map(({ user }) => user),
      groups: [
        makeGroup(
          'users',
          31_000,
          made.flatMap(({ user, isMember }) => (isMember ? [user.record.id] : [])),
          { name: 'slurm-users' },
        ),
      ],
      bindings: accounts.map(({ entry }) => makeBinding(entry.name, entry.uid)),
      facts: {
        ...FACTS,
        keyFiles: new Map(
          accounts.map(({ entry, credentials }) => [entry.name, renderKeyFile(credentials, FACTS.expiry)]),
        ),
      },
    }),
  );
}

const served = ({ accounts }: DesiredState): Map<string, string[]> =>
  new Map(
    accounts.map(({ scimId, credentials }) => [scimId, credentials.map(({ fingerprint }) => fingerprint)]),
  );

test('no record that comes, changes or returns takes a key from a person who has it and still lists it', () => {
  fc.assert(
    fc.property(people, people, (first, second) => {
      const before = decide(first, null);
      // All whose record has not changed, beside people who are new or were changed.
      const kept = first.filter((_, index) => index % 2 === 0);
      const others = second.filter((_, index) => index >= first.length || index % 2 === 1);
      const after = served(decide([...kept, ...others], before));
      for (const [scimId, keys] of served(before)) {
        if (!kept.some(({ user }) => user.record.id === scimId)) continue;
        for (const key of keys) expect(after.get(scimId)).toContain(key);
      }
    }),
  );
});

test('on a new node, what records without access list makes no difference to anyone', () => {
  fc.assert(
    fc.property(people, (made) => {
      const withAccess = made.filter(({ user, isMember }) => isMember && user.record.active);
      expect(served(decide(made, null))).toEqual(served(decide(withAccess, null)));
    }),
  );
});

test('a key that several people with access list is served to exactly one of them', () => {
  fc.assert(
    fc.property(people, (made) => {
      const all = [...served(decide(made, null)).values()].flat();
      expect(new Set(all).size).toBe(all.length);
      const listed = made.filter(({ user, isMember }) => isMember && user.record.active);
      expect(all.length).toBe(new Set(listed.flatMap(({ user }) => user.record.keys)).size);
    }),
  );
});
