import { expect, test } from 'vitest';
import { parseConfig, type Config } from '../../../../src/config/config.ts';
import { compileKeyRules, judgeKeys } from '../../../../src/policy/keys/key-policy.ts';
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
