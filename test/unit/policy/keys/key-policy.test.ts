import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig, type Config } from '../../../../src/config/config.ts';
import { compileKeyRules, judgeKeys, resolveSharedKeys } from '../../../../src/policy/keys/key-policy.ts';
import type { KeyReading } from '../../../../src/policy/keys/ssh-key.ts';

function policy(text = ''): Config['keys'] {
  return parseConfig(`scim: { base_url: "https://store.example.com" }\nkeys: { ${text} }`, 'test').keys;
}

function reading(name: string, type = 'ssh-ed25519', bits = 256): KeyReading {
  const key = {
    type,
    base64: `AAAA${name}`,
    fingerprint: `SHA256:${name}`,
    bits,
    securityKey: type.startsWith('sk-'),
  };
  return { ok: true, key };
}

function codes(readings: KeyReading[], rules = policy(), knownTypes: string[] = []): string[] {
  return judgeKeys(readings, compileKeyRules(rules, [], knownTypes)).refused.map((refusal) => refusal.code);
}

test('sound keys of the default types are accepted, sorted by fingerprint and each once', () => {
  const verdict = judgeKeys(
    [reading('b'), reading('a', 'ssh-rsa', 3072), reading('b'), reading('c', 'sk-ssh-ed25519@openssh.com')],
    compileKeyRules(policy(), [], []),
  );
  expect(verdict.refused).toEqual([]);
  expect(verdict.accepted).toEqual([
    { type: 'ssh-rsa', base64: 'AAAAa', fingerprint: 'SHA256:a' },
    { type: 'ssh-ed25519', base64: 'AAAAb', fingerprint: 'SHA256:b' },
    { type: 'sk-ssh-ed25519@openssh.com', base64: 'AAAAc', fingerprint: 'SHA256:c' },
  ]);
});

test('RSA is refused below the configured length, and accepted at it', () => {
  expect(codes([reading('a', 'ssh-rsa', 3071)])).toEqual(['key-weak']);
  expect(codes([reading('a', 'ssh-rsa', 2048)], policy('rsa_bits: 2048'))).toEqual([]);
});

test('only the configured types count, so that security keys can be demanded', () => {
  const readings = [
    reading('a'),
    reading('b', 'sk-ssh-ed25519@openssh.com'),
    reading('c', 'ecdsa-sha2-nistp384'),
  ];
  expect(codes(readings, policy('types: ["sk-*"]'))).toEqual(['key-type-refused', 'key-type-refused']);
  expect(codes(readings, policy('types: ["ecdsa-sha2-nistp256", "ssh.ed25519"]'))).toHaveLength(3);
});

test('a type that the installed sshd does not know is refused by name', () => {
  const verdict = judgeKeys(
    [reading('a', 'sk-ssh-ed25519@openssh.com')],
    compileKeyRules(policy(), [], ['ssh-ed25519']),
  );
  expect(verdict.accepted).toEqual([]);
  expect(verdict.refused[0]).toMatchObject({ fingerprint: 'SHA256:a', code: 'key-type-unknown-here' });
});

test('a blocked fingerprint is refused, with or without padding', () => {
  expect(codes([reading('a')], policy('blocked: ["SHA256:a"]'))).toEqual(['key-blocked']);
  expect(codes([reading('a')], policy('blocked: ["SHA256:a="]'))).toEqual(['key-blocked']);
});

test('keys beyond the number a user may have are refused, whatever their order', () => {
  const readings = ['d', 'a', 'c', 'b'].map((name) => reading(name));
  const verdict = judgeKeys(readings, compileKeyRules(policy('per_user: 2'), [], []));
  expect(verdict.accepted.map((key) => key.fingerprint)).toEqual(['SHA256:a', 'SHA256:b']);
  expect(verdict.refused.map((refusal) => refusal.fingerprint)).toEqual(['SHA256:c', 'SHA256:d']);
});

test('a key whose private half was pasted next to it is refused as well, wherever it stands', () => {
  const leak: KeyReading = {
    ok: false,
    code: 'key-private',
    detail: 'the key is private',
    leaked: 'SHA256:a',
  };
  const verdict = judgeKeys([reading('a'), leak, reading('b')], compileKeyRules(policy(), [], []));
  expect(verdict.accepted.map((key) => key.fingerprint)).toEqual(['SHA256:b']);
  expect(verdict.refused.map(({ fingerprint, code }) => [fingerprint, code])).toEqual([
    ['SHA256:a', 'key-leaked'],
    ['SHA256:a', 'key-private'],
  ]);
});

test('what could not be read is refused with the reader’s reason', () => {
  expect(
    judgeKeys(
      [{ ok: false, code: 'key-cut', detail: 'the key ends in the middle' }],
      compileKeyRules(policy(), [], []),
    ),
  ).toEqual({
    accepted: [],
    refused: [{ fingerprint: null, code: 'key-cut', detail: 'the key ends in the middle' }],
  });
});

test('a key that two people list belongs to the one created earlier, as an instant and not as text', () => {
  const shared = resolveSharedKeys([
    { scimId: 'late', created: '2026-01-01T00:30:00+02:00', fingerprints: ['SHA256:x', 'SHA256:own'] },
    { scimId: 'later', created: '2025-12-31T23:00:00Z', fingerprints: ['SHA256:x'] },
    { scimId: 'unknown', created: null, fingerprints: ['SHA256:x'] },
    { scimId: 'broken', created: 'yesterday', fingerprints: ['SHA256:x'] },
  ]);
  expect([...shared]).toEqual([['SHA256:x', { owner: 'late', others: ['later', 'broken', 'unknown'] }]]);
});

test('without times the smaller SCIM id keeps the key, and one person listing it twice shares it with no one', () => {
  const people = [
    { scimId: 'b', created: null, fingerprints: ['SHA256:x', 'SHA256:x'] },
    { scimId: 'a', created: null, fingerprints: ['SHA256:x', 'SHA256:y', 'SHA256:y'] },
  ];
  expect([...resolveSharedKeys(people)]).toEqual([['SHA256:x', { owner: 'a', others: ['b'] }]]);
});

test('the order in which people and keys are listed never matters', () => {
  const person = fc.record({
    scimId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    created: fc.constantFrom(
      null,
      '2026-01-01T00:00:00Z',
      '2026-01-01T01:00:00+01:00',
      '2025-05-05T00:00:00Z',
    ),
    fingerprints: fc.array(fc.constantFrom('SHA256:1', 'SHA256:2', 'SHA256:3')),
  });
  fc.assert(
    fc.property(fc.uniqueArray(person, { selector: (one) => one.scimId }), fc.nat(), (people, turn) => {
      const turned = [
        ...people.slice(turn % (people.length + 1)),
        ...people.slice(0, turn % (people.length + 1)),
      ];
      const answer = resolveSharedKeys(people);
      expect(new Map(resolveSharedKeys(turned.reverse()))).toEqual(answer);
      for (const [fingerprint, { owner, others }] of answer) {
        const listing = people
          .filter((one) => one.fingerprints.some((listed) => listed === fingerprint))
          .map((one) => one.scimId);
        expect([owner, ...others].sort()).toEqual(listing.sort());
      }
    }),
  );
});
