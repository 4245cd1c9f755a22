import { expect, test } from 'vitest';
import { makeTrialKey } from '../../../../src/host/trial/trial-key.ts';
import { issueCredentials } from '../../../../src/policy/keys/credential.ts';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';

test('each trial has another key, and without a key to follow it is an Ed25519 one', () => {
  const [one, other] = [makeTrialKey([]), makeTrialKey([])];
  expect(one.publicKey).toMatch(/^ssh-ed25519 \S+$/);
  expect(one.publicKey).not.toBe(other.publicKey);
  expect(one.isOfSameKind).toBe(false);
  expect(one.privateKey).toContain('OPENSSH PRIVATE KEY');
});

test('it is of the kind and size of the user’s own key', () => {
  const own = readKeys([makeTrialKey([]).publicKey]).flatMap((reading) => (reading.ok ? [reading.key] : []));
  expect(makeTrialKey(issueCredentials(own, 'id', null))).toMatchObject({ isOfSameKind: true });
});
