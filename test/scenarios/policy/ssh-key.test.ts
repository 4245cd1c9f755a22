import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sshpk from 'sshpk';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { headOf, MAX_CANDIDATES, mayHold } from '../../../src/policy/keys/key-text.ts';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import {
  DAMAGE_NAMES,
  makeCorpus,
  makeEd25519,
  makeModulus,
  makeParts,
  makePoint,
  seedRandom,
  writeBlob,
} from '../../support/records/key-corpus.ts';
import { askSshKeygen, compareReadings } from '../../support/records/ssh-keygen.ts';
import { propertyRuns } from '../../support/property-runs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function makeKeyPair(type: string, bits: string): { publicLine: string; privateText: string } {
  const file = join(mkdtempSync(join(folder, 'pair-')), 'id');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-C', 'alice@laptop', '-f', file]);
  return { publicLine: readFileSync(`${file}.pub`, 'utf8'), privateText: readFileSync(file, 'utf8') };
}

/** `type base64` of the nth sound key from a fixed seed. */
function makeKey(n: number): string {
  const random = seedRandom(n);
  const [type, ...parts] = makeParts(random);
  return `${type} ${writeBlob(type, ...parts).toString('base64')}`;
}

/** The codes of what was refused, and `type` of what was read. */
function outcomes(...texts: string[]): string[] {
  return readKeys(texts).map((reading) => (reading.ok ? reading.key.type : reading.code));
}

const ED = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(1))).toString('base64')}`;
const RSA = makeRsa(makeModulus(seedRandom(2), 3072));

function makeRsa(modulus: Uint8Array): string {
  return `ssh-rsa ${writeBlob('ssh-rsa', Buffer.from([1, 0, 1]), modulus).toString('base64')}`;
}

test.each([
  ['ed25519', '256', 'ssh-ed25519'],
  ['ecdsa', '256', 'ecdsa-sha2-nistp256'],
  ['ecdsa', '384', 'ecdsa-sha2-nistp384'],
  ['ecdsa', '521', 'ecdsa-sha2-nistp521'],
  ['rsa', '2048', 'ssh-rsa'],
])('a key that ssh-keygen made is read with its fingerprint: %s %s', (type, bits, name) => {
  const { publicLine } = makeKeyPair(type, bits);
  const [reading] = readKeys([publicLine]);
  const fingerprint = askSshKeygen([publicLine.trim()]).get(0);
  expect(reading).toEqual({
    ok: true,
    key: {
      type: name,
      base64: publicLine.split(' ')[1],
      fingerprint,
      bits: Number(bits),
      securityKey: false,
    },
  });
});

test('of 10,000 sound and damaged keys, ssh-keygen accepts every one that we accept, with the same fingerprint', () => {
  const corpus = makeCorpus(20261124, Math.max(1000, propertyRuns(10_000, 200_000)));
  const { accepted, lax, strict } = compareReadings(corpus);
  expect(lax).toEqual([]);
  expect(strict).toEqual([]);
  expect(accepted).toBeGreaterThan(corpus.length / 3);
  expect(new Set(corpus.map(({ how }) => how))).toEqual(new Set(['sound', ...DAMAGE_NAMES]));
}, 1_800_000);

test('what is read is written back by ssh-keygen’s lights: type and base64 alone have the same fingerprint', () => {
  const readings = readKeys(makeCorpus(5, 300).map((line) => line.text));
  const keys = readings.flatMap((reading) => (reading.ok ? [reading.key] : []));
  const oracle = askSshKeygen(keys.map((key) => `${key.type} ${key.base64}`));
  expect(keys.map((_, index) => oracle.get(index))).toEqual(keys.map((key) => key.fingerprint));
});

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
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const power = (base: bigint, exponent: bigint): bigint => {
    if (exponent === 0n) return 1n;
    const half = power((base * base) % p, exponent / 2n);
    return exponent % 2n === 1n ? (half * base) % p : half;
  };
  let x = 5n;
  let y = 0n;
  for (; ; x += 1n) {
    const square = (x * x * x - 3n * x + b) % p;
    y = power(square, (p + 1n) / 4n);
    if ((y * y) % p === square) break;
  }
  const point = Buffer.from(
    `04${x.toString(16).padStart(64, '0')}${y.toString(16).padStart(64, '0')}`,
    'hex',
  );
  const text = `ecdsa-sha2-nistp256 ${writeBlob('ecdsa-sha2-nistp256', 'nistp256', point).toString('base64')}`;
  expect(askSshKeygen([text, ED]).has(0)).toBe(false);
  expect(askSshKeygen([text, ED]).has(1)).toBe(true);
  expect(outcomes(text)).toEqual(['key-point']);
});

test('a security key on a curve that its type does not name is refused', () => {
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const blob = writeBlob(type, 'nistp384', makePoint(seedRandom(6), 'nistp384'), 'ssh:');
  expect(outcomes(`${type} ${blob.toString('base64')}`)).toEqual(['key-type-mismatch']);
});

test('DER without its first line is told apart: a private key is shouted about, a public one is only no key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateDer = privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64');
  const publicDer = publicKey.export({ format: 'der', type: 'pkcs1' }).toString('base64');
  expect(outcomes(privateDer)).toEqual(['key-private']);
  expect(outcomes(`${ED} ${privateDer}`)).toEqual(['key-private']);
  expect(outcomes(publicDer)).toEqual(['key-format']);
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

test.each([
  ['two keys on two lines', `${ED} alice\n${RSA} alice\n`],
  ['carriage returns', `${ED}\r\n${RSA}\r`],
  ['a blank between them', `${ED} ${RSA}`],
  ['a comment between them', `${ED} alice@laptop ${RSA} alice@desk`],
  ['nothing between them', `${ED}${RSA}`],
  ['a comma or semicolon between them', `${ED},${RSA}`],
  ['the two characters \\n between them', `${ED}\\n${RSA}`],
  ['comments and blank lines', `# my keys\n\n${ED}\n  # old\n\t${RSA}`],
])('several keys in one string are all found: %s', (_, text) => {
  expect(outcomes(text)).toEqual(['ssh-ed25519', 'ssh-rsa']);
});

test.each([
  ['an option', `restrict ${ED}`],
  ['an option with a value', `command="id" ${ED}`],
  ['a key inside a command', `command="${RSA}" ${ED}`],
  ['a certificate authority', `cert-authority ${ED}`],
  ['a marker of known_hosts', `@cert-authority * ${ED}`],
  ['a name', `alice: ${ED}`],
])('text before a key is refused, not stripped: %s', (_, text) => {
  expect(outcomes(text)).toEqual(['key-options']);
});

test.each([
  ['an option', `${ED} alice restrict ${RSA}`],
  ['a list of options', `${ED} alice no-pty,restrict ${RSA}`],
  ['an option with a value', `${ED} command="id" ${RSA}`],
  ['a key inside a command', `${ED} command="${RSA}" ${RSA}`],
  ['an option glued to the blob', `${ED},from="10.0.0.1" ${RSA}`],
])('a glued key with options before it is refused, and the first is read or refused: %s', (_, text) => {
  const [first, ...others] = outcomes(text);
  expect(['ssh-ed25519', 'key-base64']).toContain(first);
  expect(others).toEqual(['key-options']);
});

test.each([
  [
    'a certificate',
    `ssh-ed25519-cert-v01@openssh.com ${writeBlob('ssh-ed25519-cert-v01@openssh.com', 'x').toString('base64')}`,
    'key-certificate',
  ],
  ['DSA', `ssh-dss ${writeBlob('ssh-dss', 'p', 'q', 'g', 'y').toString('base64')}`, 'key-dsa'],
  ['another type inside', ED.replace('ssh-ed25519', 'ssh-rsa'), 'key-type-mismatch'],
  [
    'a cut key',
    `ssh-ed25519 ${writeBlob('ssh-ed25519', 'short').subarray(0, -2).toString('base64')}`,
    'key-cut',
  ],
  ['a key broken into two lines', `${RSA.slice(0, 200)}\n${RSA.slice(200)}`, 'key-cut'],
  [
    'a public key in PEM',
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----',
    'key-pem',
  ],
  [
    'a public key as RFC 4716 has it',
    '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "x"\nAAAA\n---- END SSH2 PUBLIC KEY ----',
    'key-pem',
  ],
  ['an unknown type', 'ssh-ed448 AAAACXNzaC1lZDQ0OA==', 'key-format'],
  ['prose', 'please give me access', 'key-format'],
  ['a no-break space', ED.replace(' ', '\u00a0'), 'key-format'],
  ['a type alone', 'ssh-rsa', 'key-format'],
  ['a huge blob', `ssh-rsa AAAA${'A'.repeat(20_000)}`, 'key-too-long'],
])('%s is refused with its own reason', (_, text, code) => {
  expect(outcomes(text)[0]).toBe(code);
});

test.each(['ed25519', 'ecdsa', 'rsa'])(
  'a private key is refused and shown nowhere, in whatever shape it was pasted: %s',
  (type) => {
    const { privateText, publicLine } = makeKeyPair(type, type === 'rsa' ? '3072' : '256');
    const body = privateText.split('\n').slice(1, -2);
    const fingerprint = askSshKeygen([publicLine.trim()]).get(0);
    const pem =
      type === 'rsa'
        ? execFileSync('openssl', ['genrsa', '-traditional', '2048'], {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          })
        : '';
    const shapes = [
      [privateText],
      privateText.split('\n'),
      [privateText.replaceAll('\n', ' ')],
      [privateText.replaceAll('\n', '\r\n')],
      [body.join('\n')],
      body,
      [`# mine\n${privateText}`],
      ...(pem === '' ? [] : [[pem], pem.split('\n').slice(1), [pem.replaceAll('\n', ' ')]]),
    ];
    for (const shape of shapes) {
      const readings = readKeys(shape);
      expect(readings.map((reading) => (reading.ok ? 'read' : reading.code))).toEqual(['key-private']);
      // PEM does not keep the public half apart.
      const isOpenSsh = !shape.join('\n').includes('RSA PRIVATE') && !shape.join('\n').startsWith('MII');
      expect(readings[0]).toMatchObject(isOpenSsh ? { leaked: fingerprint } : { ok: false });
      const said = JSON.stringify(readings);
      for (const line of body) expect(said).not.toContain(line.slice(0, 12));
    }
    expect(outcomes(`${privateText}${publicLine}`)).toEqual(['key-private', readTypeOf(publicLine)]);
  },
);

function readTypeOf(line: string): string {
  return line.split(' ')[0] ?? '';
}

test('a refusal never repeats what was read', () => {
  const secret = 'hunter2secretpassphrase';
  for (const text of [
    secret,
    `${ED}${secret}!`,
    `command="${secret}" ${ED}`,
    `${secret} ssh-rsa AAAA`,
    `ssh-rsa ${secret}`,
  ]) {
    expect(JSON.stringify(readKeys([text]).filter((reading) => !reading.ok))).not.toContain(secret);
  }
});

test('each of several refused keys says which one it is', () => {
  const [, second] = readKeys([ED, 'nonsense']);
  expect(second).toMatchObject({ ok: false, detail: expect.stringMatching(/^key 2 of 2 /) as string });
});

test('too many keys and too much text are cut off with a reason', () => {
  const many = readKeys(Array.from({ length: MAX_CANDIDATES + 500 }, () => ED));
  expect(many).toHaveLength(MAX_CANDIDATES + 1);
  expect(many.at(-1)).toMatchObject({ ok: false, code: 'key-too-long' });
  expect(outcomes('x'.repeat(3_000_000))).toEqual(['key-too-long']);
  expect(readKeys([`${ED}\n`.repeat(10_000)]).length).toBeLessThanOrEqual(MAX_CANDIDATES + 1);
});

test('any text is answered, quickly, and no key comes out that did not go in', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom(
      'ssh-rsa ',
      'AAAA',
      ED,
      RSA,
      '"',
      'command=',
      '-----BEGIN ',
      'PRIVATE KEY-----',
      '\n',
      '\0',
      '=',
      ' ',
      '\\n',
    ),
    fc.nat(50).map(makeKey),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        { maxLength: 4 },
      ),
      (texts) => {
        for (const reading of readKeys(texts)) {
          if (!reading.ok) continue;
          expect(reading.key.base64).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
          expect(texts.some((text) => text.includes(reading.key.base64))).toBe(true);
          expect(texts.some((text) => mayHold(text, new Set([headOf(reading.key.base64)])))).toBe(true);
        }
      },
    ),
    { numRuns: propertyRuns(500, 20_000) },
  );
}, 1_800_000);
