import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { issueCredentials } from '../../../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../../../src/policy/keys/key-file.ts';
import { listFingerprints, readKeyFile } from '../../../../src/policy/keys/key-file-lines.ts';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
import { anyText } from '../../../support/records/any-text.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../../support/records/key-corpus.ts';

const UTC = { zulu: true, timeZone: 'UTC' };

const key = fc.integer({ min: 1, max: 1_000_000 }).map((seed) => {
  const blob = writeBlob('ssh-ed25519', makeEd25519(seedRandom(seed)));
  const [reading] = readKeys([`ssh-ed25519 ${blob.toString('base64')}`]);
  if (reading?.ok !== true) throw new Error('the key is not sound');
  return reading.key;
});

test('what was rendered is read back: the same keys with the same expiry', () => {
  const expiry = fc.option(fc.integer({ min: 86_400, max: 250_000_000_000 }));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 30 }), anyText, expiry, (keys, source, expiresAt) => {
      const text = renderKeyFile(issueCredentials(keys, source, expiresAt), UTC);
      const lines = readKeyFile(text).filter(({ fingerprint }) => fingerprint !== null);
      expect(lines.map(({ fingerprint }) => fingerprint)).toEqual(
        keys.map(({ fingerprint }) => fingerprint).sort(),
      );
      expect(new Set(lines.map((line) => line.expiresAt))).toEqual(
        new Set(keys.length === 0 ? [] : [expiresAt]),
      );
    }),
  );
});

test('the lines together are the text, whatever it is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(
        readKeyFile(text)
          .map((line) => line.text)
          .join('\n'),
      ).toBe(text);
    }),
  );
});

test('a key is found behind options, also quoted ones with blanks, and not in comments', () => {
  const plain = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJz6Qz1Wd2yMWqS0Xr2+KJqg5dXNnXk0p3m8u1Yg7d5F';
  const [fingerprint] = listFingerprints(`${plain} someone\n`);
  expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  for (const line of [
    `expiry-time="20270101000000Z" ${plain} u`,
    `command="/bin/echo ssh-rsa AAAA",restrict ${plain}`,
    `\t ${plain}`,
  ]) {
    expect(listFingerprints(line)).toEqual([fingerprint]);
  }
  for (const line of ['', 'sk-x', '# nothing', 'ssh-ed25519', `# a b ${plain}`, 'ssh-ed25519 # AAAA'])
    expect(listFingerprints(line)).toEqual([]);
});

test('only an expiry in UTC is a time by itself', () => {
  const read = (option: string) => readKeyFile(`${option} ssh-ed25519 AAAA u`)[0]!.expiresAt;
  expect(read('expiry-time="20270101000000Z"')).toBe(Date.UTC(2027, 0, 1) / 1000);
  for (const other of [
    'expiry-time="20270101000000"',
    'expiry-time="2027Z"',
    'expiry-time="2027010100000xZ"',
    'restrict',
  ])
    expect(read(other)).toBeNull();
});
