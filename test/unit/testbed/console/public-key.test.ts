// Public keys as people paste them into the console.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPublicKey } from '../../../../src/testbed/console/public-key.ts';

describe('a public key', () => {
  it('is read with the fingerprint that ssh-keygen shows', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb my laptop';
    expect(readPublicKey(line)).toEqual({
      type: 'ssh-ed25519',
      fingerprint: 'SHA256:N/tAo8ROSir6SMXIrsie18gp7j+qY3SPbt037LqHMXE',
      comment: 'my laptop',
    });
  });

  it('is not a line with options, of another type than it says, or that is cut', () => {
    for (const line of [
      'command="id" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb',
      'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb',
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
      'ssh-ed25519',
      '',
    ]) {
      expect(readPublicKey(line)).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (text) => readPublicKey(text) === null));
  });
});
