import * as fc from 'fast-check';
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { headOf, MAX_CANDIDATES, mayHold } from '../../../../src/policy/keys/key-text.ts';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
import { writeBlob } from '../../../support/records/key-corpus.ts';
import { ED, makeKey, outcomes, RSA } from '../../../support/records/sample-keys.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

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
  ['a comma', `${ED},${RSA},`],
  ['a semicolon', `${ED};${RSA};`],
  ['semicolons and blanks', `${ED} ; ${RSA} ;`],
  ['a bar', `${ED}|${RSA}|`],
  ['the two characters \\n', `${ED}\\n${RSA}\\n`],
  ['the characters \\r\\n', `${ED}\\r\\n${RSA}\\r\\n`],
  ['several', `${ED},;${RSA},;\\n`],
])('a list that ends in its separator loses no key: %s', (_, text) => {
  expect(outcomes(text)).toEqual(['ssh-ed25519', 'ssh-rsa']);
  expect(outcomes(text.slice(0, text.indexOf('ssh-rsa')))).toEqual(['ssh-ed25519']);
});

test.each([
  ['before it', `\u200b${ED}`, 'key-format'],
  ['between a blank and it', ` \u200b ${ED}`, 'key-format'],
  ['after it', `${ED}\u200b`, 'key-base64'],
  ['in its blob', `${ED.slice(0, 40)}\u200b${ED.slice(40)}`, 'key-base64'],
])('a zero-width space %s is one refusal, which says so', (_, text, code) => {
  const readings = readKeys([text]);
  expect(readings).toMatchObject([
    { ok: false, code, detail: expect.stringContaining('invisible character') as string },
  ]);
});

test('a line of invisible characters alone is blank, and one in a comment harms nothing', () => {
  expect(outcomes(`\u200b\n${ED} al\u200bice\n\ufeff`)).toEqual(['ssh-ed25519']);
});

test('a key of RFC 4716 whose comment goes on in further lines is one refusal, and the keys around it are read', () => {
  const blob = ED.split(' ')[1] ?? '';
  const block = [
    '---- BEGIN SSH2 PUBLIC KEY ----',
    'Subject: alice',
    'Comment: "256-bit ED25519, converted by alice@laptop \\',
    'from \\',
    'OpenSSH, \u201cold\u201d"',
    'x-command: /home/me/bin/lock-in-guest.sh',
    ...(blob.match(/.{1,20}/g) ?? []),
    '---- END SSH2 PUBLIC KEY ----',
  ];
  for (const end of ['\n', '\r\n']) {
    expect(outcomes([RSA, ...block, ED].join(end))).toEqual(['ssh-rsa', 'key-pem', 'ssh-ed25519']);
  }
  // A block that never ends swallows no key behind a backslash.
  expect(outcomes([...block.slice(0, 3), ED].join('\n'))).toEqual(['key-pem', 'ssh-ed25519']);
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

test('DER without its first line is told apart: a private key is shouted about, a public one is only no key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateDer = privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64');
  const publicDer = publicKey.export({ format: 'der', type: 'pkcs1' }).toString('base64');
  expect(outcomes(privateDer)).toEqual(['key-private']);
  expect(outcomes(`${ED} ${privateDer}`)).toEqual(['key-private']);
  expect(outcomes(publicDer)).toEqual(['key-format']);
});

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
