// Which keys a pasted private key gives away.
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { findLeakedFingerprints } from '../../../../src/policy/keys/leaked-key.ts';
import { writeBlob } from '../../../support/records/key-corpus.ts';

/** PROTOCOL.key, as far as the public half. */
function writePrivate(publicHalf: Buffer, ...before: string[]): string {
  const [cipher = 'none', derivation = 'none', options = ''] = before;
  return Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    writeBlob(cipher, derivation, options),
    Buffer.of(0, 0, 0, 1),
    writeBlob(publicHalf),
  ]).toString('base64');
}

const half = (n: number): Buffer => writeBlob('ssh-ed25519', Buffer.alloc(32, n));
const fingerprint = (blob: Buffer): string => `SHA256:${hash('sha256', blob, 'base64').replace(/=$/, '')}`;

test('each of several, with or without a passphrase, in order', () => {
  const texts = [writePrivate(half(1)), `x ${writePrivate(half(2), 'aes256-ctr', 'bcrypt', 'salt')}`];
  expect(findLeakedFingerprints(texts)).toEqual([fingerprint(half(1)), fingerprint(half(2))]);
});

test('whatever breaks the lines: a store may have kept the line feeds, their escapes, or blanks', () => {
  const whole = writePrivate(half(3));
  for (const line of ['\n', '\r\n', '\\n', '\\r\\n', ' ', '\t']) {
    // The magic is looked for before lines are joined: the first line is longer than it.
    const broken = (whole.match(/.{1,70}/g) ?? []).join(line);
    expect(findLeakedFingerprints([broken]), JSON.stringify(line)).toEqual([fingerprint(half(3))]);
  }
});

test('a text may go on behind it', () => {
  expect(findLeakedFingerprints([`${writePrivate(half(4))}\n-----END OPENSSH PRIVATE KEY-----`])).toEqual([
    fingerprint(half(4)),
  ]);
});

test('nothing, where it is cut short before the end of the public half, or not of this format', () => {
  const whole = Buffer.from(writePrivate(half(5)), 'base64');
  for (let length = 15; length < whole.length; length += 1)
    expect(findLeakedFingerprints([whole.subarray(0, length).toString('base64')])).toEqual([]);
  expect(findLeakedFingerprints(['', 'ssh-ed25519 AAAA', half(5).toString('base64')])).toEqual([]);
});
