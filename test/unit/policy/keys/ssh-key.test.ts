import { expect, test, vi } from 'vitest';
import sshpk from 'sshpk';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
import {
  makeEd25519,
  makeModulus,
  makePoint,
  seedRandom,
  writeBlob,
} from '../../../support/records/key-corpus.ts';
import { ED, makeRsa, makeSmallPointKey, outcomes, RSA } from '../../../support/records/sample-keys.ts';

test.each([
  ['Ed25519 with 31 bytes', 'ssh-ed25519', [Buffer.alloc(31, 7)], 'key-point'],
  ['an Ed25519 point off the curve', 'ssh-ed25519', [Buffer.alloc(32, 2)], 'key-point'],
  ['a private Ed25519 blob', 'ssh-ed25519', [Buffer.alloc(32, 7), Buffer.alloc(64, 7)], 'key-trailing'],
  [
    'a padded RSA modulus',
    'ssh-rsa',
    [Buffer.from([1, 0, 1]), Buffer.from(`0000${'c7'.repeat(256)}`, 'hex')],
    'key-number',
  ],
  ['a negative RSA modulus', 'ssh-rsa', [Buffer.from([1, 0, 1]), Buffer.alloc(256, 0xc7)], 'key-number'],
  ['RSA of 64 bits', 'ssh-rsa', [Buffer.from([1, 0, 1]), Buffer.alloc(8, 0x67)], 'key-number'],
  [
    'a point off P-256',
    'ecdsa-sha2-nistp256',
    ['nistp256', Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)])],
    'key-point',
  ],
  ['a point of one byte', 'ecdsa-sha2-nistp256', ['nistp256', Buffer.from([4])], 'key-point'],
] as const)('what sshpk alone would take is refused: %s', (_, type, parts, code) => {
  const text = `${type} ${writeBlob(type, ...parts).toString('base64')}`;
  expect(() => sshpk.parseKey(text, 'ssh')).not.toThrow();
  expect(outcomes(text)).toEqual([code]);
});

test('a key that sshpk reads otherwise, or not at all, is not used', () => {
  const spy = vi.spyOn(sshpk, 'parseKey');
  spy.mockReturnValueOnce(sshpk.parseKey(RSA, 'ssh'));
  expect(outcomes(ED)).toEqual(['key-unreadable']);
  spy.mockImplementationOnce(() => {
    throw new Error('no');
  });
  expect(outcomes(ED)).toEqual(['key-unreadable']);
  spy.mockRestore();
  expect(outcomes(ED)).toEqual(['ssh-ed25519']);
});

test.each([
  ['exponent 1', [1]],
  ['an even exponent', [4]],
  ['an exponent of 65 bits', [1, 0, 0, 0, 0, 0, 0, 0, 1]],
])('RSA with %s is refused', (_, exponent) => {
  const text = `ssh-rsa ${writeBlob('ssh-rsa', Buffer.from(exponent), makeModulus(seedRandom(2), 3072)).toString('base64')}`;
  expect(readKeys([text])[0]).toMatchObject({
    code: 'key-number',
    detail: expect.stringContaining('exponent') as string,
  });
});

test('an even RSA modulus is refused', () => {
  const modulus = makeModulus(seedRandom(2), 3072);
  modulus[modulus.length - 1]! ^= 1;
  expect(readKeys([makeRsa(modulus)])[0]).toMatchObject({
    detail: expect.stringContaining('even modulus') as string,
  });
});

test('a point of P-256 with a coordinate as small as no real key has one is refused, as OpenSSH does', () => {
  expect(outcomes(makeSmallPointKey())).toEqual(['key-point']);
});

test('a security key on a curve that its type does not name is refused', () => {
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const blob = writeBlob(type, 'nistp384', makePoint(seedRandom(6), 'nistp384'), 'ssh:');
  expect(outcomes(`${type} ${blob.toString('base64')}`)).toEqual(['key-type-mismatch']);
});

test('security keys are marked as such', () => {
  const blob = writeBlob('sk-ssh-ed25519@openssh.com', makeEd25519(seedRandom(3)), 'ssh:');
  const [reading] = readKeys([`sk-ssh-ed25519@openssh.com ${blob.toString('base64')} token`]);
  expect(reading).toMatchObject({ ok: true, key: { securityKey: true, bits: 256 } });
});

test('points of small order are refused, for which anybody can make signatures', () => {
  const small = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ];
  for (const hex of small) {
    const blob = writeBlob('ssh-ed25519', Buffer.from(hex, 'hex'));
    expect(outcomes(`ssh-ed25519 ${blob.toString('base64')}`), hex).toEqual(['key-point']);
  }
});

test('an RSA modulus that a small prime divides is refused as damaged', () => {
  // 384 equal bytes: 3 divides them.
  expect(outcomes(makeRsa(Buffer.from(`00${'c5'.repeat(384)}`, 'hex')))).toEqual(['key-number']);
});

test('RSA keys of the chip with the flaw of CVE-2017-15361 are refused, others are not', () => {
  const primes = Array.from({ length: 166 }, (_, n) => n + 2).filter(
    (n) => ![2, 3, 5, 7, 11].some((p) => n !== p && n % p === 0),
  );
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n);
  const random = seedRandom(5);
  // As the chip makes its primes, k·M + 65537^a mod M; that these are not prime makes no difference to the mark.
  const makeFactor = (): bigint => {
    const k = (1n << 1310n) + BigInt(random(1e9)) * 2n ** 700n;
    let power = 1n;
    for (let a = random(1000); a > 0; a -= 1) power = (power * 65537n) % product;
    return k * product + power;
  };
  const digits = (makeFactor() * makeFactor()).toString(16);
  const modulus = Buffer.from(`00${digits.length % 2 === 1 ? '0' : ''}${digits}`, 'hex');
  const minimal = modulus[1] === 0 || modulus[1]! < 0x80 ? modulus.subarray(1) : modulus;
  expect(outcomes(makeRsa(minimal))).toEqual(['key-flawed']);
});
