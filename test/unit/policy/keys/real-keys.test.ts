// Policy and plan over real keys: what the reader of keys says is what the plan finds again in our files.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readFingerprints } from '../../../../src/plan/plan-keys.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../../src/policy/desired-state.ts';
import { makeInput, makeUser } from '../../../support/records/organisation.ts';

/** A fresh Ed25519 public key as OpenSSH writes it. */
function makeKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.from(x, 'base64url'))]);
  return `ssh-ed25519 ${blob.toString('base64')} someone`;
}

describe('desire with the real reader of keys', () => {
  it('serves several real keys, whose fingerprints the plan reads back from the file', () => {
    const { readKeys: _, ...input } = makeInput({
      users: [makeUser('alice', 20100, { keys: [makeKey(), `${makeKey()}\n${makeKey()}`] })],
    });
    const [alice] = computeDesiredState(input).accounts;
    expect(alice!.keys).toHaveLength(3);
    expect(readFingerprints(alice!.keyFile).sort()).toEqual(
      alice!.keys.map(({ fingerprint }) => fingerprint).sort(),
    );
    expect(alice!.keyFile).not.toContain('someone');
  });

  it('does not serve from memory what another policy refuses', () => {
    const key = makeKey();
    const readings = new Map<string, ReturnType<NonNullable<DesiredStateInput['readKeys']>>>();
    const input = makeInput({ users: [makeUser('alice', 20100, { keys: [key] })] });
    const { readKeys } = input;
    const remember = (texts: readonly string[]) => {
      const known = readings.get(texts.join()) ?? readKeys!(texts);
      readings.set(texts.join(), known);
      return known;
    };
    const [first] = computeDesiredState({ ...input, readKeys: remember }).accounts;
    expect(first!.keys).toHaveLength(1);
    const strict = { ...input.config, keys: { ...input.config.keys, types: ['sk-*'] } };
    expect(computeDesiredState({ ...input, readKeys: remember, config: strict }).accounts[0]!.keys).toEqual(
      [],
    );
    const facts = { ...input.facts, keyTypes: ['ssh-rsa'] };
    expect(computeDesiredState({ ...input, readKeys: remember, facts }).accounts[0]!.keys).toEqual([]);
    const old = { ...input.facts, expiry: { zulu: false, timeZone: 'Asia/Tokyo' } };
    expect(computeDesiredState({ ...input, readKeys: remember, facts: old }).accounts[0]!.keyFile).not.toBe(
      first!.keyFile,
    );
    const later = input.users.map((user) => ({ ...user, confirmedAt: user.confirmedAt + 1 }));
    expect(computeDesiredState({ ...input, readKeys: remember, users: later }).accounts[0]!.keyFile).not.toBe(
      first!.keyFile,
    );
  });
});
