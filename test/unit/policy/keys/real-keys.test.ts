// Policy and plan over real keys: what the reader of keys says is what the plan finds again in our files.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { listFingerprints } from '../../../../src/policy/keys/key-file-lines.ts';
import { renderKeyFile } from '../../../../src/policy/keys/key-file.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../../src/policy/desired-state.ts';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
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

const makePerson = (keys: string[]) => ({
  ...makeUser('alice', 20100, { keys }),
  readings: readKeys(keys),
});

describe('the desired state with real keys', () => {
  it('serves several real keys, whose fingerprints the plan reads back from the file', () => {
    const keys = [makeKey(), `${makeKey()}\n${makeKey()}`];
    const { accounts, expiry } = computeDesiredState(makeInput({ users: [makePerson(keys)] }));
    const credentials = accounts[0]!.credentials;
    const text = renderKeyFile(credentials, expiry);
    expect(credentials).toHaveLength(3);
    expect(listFingerprints(text)).toEqual(credentials.map(({ fingerprint }) => fingerprint).sort());
    expect(text).not.toContain('someone');
  });

  it('follows a changed policy, a changed sshd and a new confirmation', () => {
    const input = makeInput({ users: [makePerson([makeKey()])] });
    const [first] = computeDesiredState(input).accounts;
    expect(first!.credentials).toHaveLength(1);
    const again = (more: Partial<DesiredStateInput>) =>
      computeDesiredState({ ...input, ...more }).accounts[0]!.credentials;
    const strict = { ...input.config, keys: { ...input.config.keys, types: ['sk-*'] } };
    expect(again({ config: strict })).toEqual([]);
    expect(again({ facts: { ...input.facts, keyTypes: ['ssh-rsa'] } })).toEqual([]);
    const old = { ...input.facts, expiry: { zulu: false, timeZone: 'Asia/Tokyo' } };
    expect(computeDesiredState({ ...input, facts: old }).expiry).toEqual(old.expiry);
    const later = input.users.map((user) => ({ ...user, confirmedAt: user.confirmedAt + 1 }));
    expect(again({ users: later })).not.toEqual(first!.credentials);
  });
});
