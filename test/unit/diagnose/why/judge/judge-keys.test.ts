import { expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeKeys } from '../../../../../src/diagnose/why/judge/judge-keys.ts';
import {
  config,
  FINGERPRINT,
  healthy,
  keyText,
  NOW,
  notProbed,
  person,
  probed,
  withPerson,
  withStatus,
} from '../../../../support/records/healthy.ts';

const refused = {
  fingerprint: 'SHA256:weak',
  type: null,
  refusal: { code: 'key-weak', detail: 'it is weak' },
};
const noFile = probed(null);

test.each([
  ['keys-none', withPerson({ keys: [] }), 'person'],
  ['keys-all-refused', withPerson({ keys: [refused] }), 'person'],
  ['keys-some-refused', withPerson({ keys: [...person.keys, refused] }), 'person'],
  ['keys-expired', { ...healthy, keyFile: probed(keyText(NOW)) }, 'operator'],
  ['keys-not-written', { ...healthy, keyFile: noFile }, 'operator'],
  ['keys-never-confirmed', { ...withPerson({ confirmedAt: 0 }), keyFile: noFile }, 'operator'],
  ['keys-not-listed', { ...healthy, fingerprint: 'SHA256:other' }, 'person'],
  ['keys-refused', { ...withPerson({ keys: [refused] }), fingerprint: 'SHA256:weak' }, 'person'],
] as const)('%s', (code, facts, owner) => {
  expect(judgeKeys(facts)).toMatchObject({ code, owner });
});

test('an accepted key in the file is in order, with the time when it expires', () => {
  const facts = { ...healthy, fingerprint: FINGERPRINT };
  expect(judgeKeys(facts)).toMatchObject({ level: 'ok', detail: expect.stringContaining(FINGERPRINT) });
});

test('of several keys the one that expires first counts', () => {
  const later = keyText(NOW + 60);
  expect(judgeKeys({ ...healthy, keyFile: probed(later + keyText(NOW - 5)) }).code).toBe('keys-expired');
  expect(judgeKeys({ ...healthy, keyFile: probed(later) }).level).toBe('ok');
});

test('an accepted key that the file lacks beside others is a warning, and an error for the question about it alone', () => {
  const missing = { ...person.keys[0]!, fingerprint: 'SHA256:new' };
  const facts = withPerson({ keys: [...person.keys, missing] });
  expect(judgeKeys(facts)).toMatchObject({
    level: 'warning',
    code: 'keys-not-written',
    detail: expect.stringContaining('SHA256:new'),
  });
  expect(judgeKeys({ ...facts, fingerprint: 'SHA256:new' })).toMatchObject({
    level: 'error',
    code: 'keys-not-written',
  });
  expect(judgeKeys({ ...facts, fingerprint: FINGERPRINT }).level).toBe('ok');
});

test('an expiry in the local time of an older sshd is that of the credentials', () => {
  const local = keyText(NOW + 60).replace(/Z"/g, '"');
  const until = (expiresAt: number): Facts => ({
    ...withPerson({
      desired: {
        ...person.desired!,
        credentials: person.desired!.credentials.map((one) => ({ ...one, expiresAt })),
      },
    }),
    keyFile: probed(local),
  });
  expect(judgeKeys(until(NOW - 1)).code).toBe('keys-expired');
  expect(judgeKeys(until(NOW + 1)).level).toBe('ok');
});

test('what could not be read is not known, and neither are the keys of a user without a record', () => {
  expect(judgeKeys({ ...healthy, person: probed(null) }).level).toBe('unknown');
  expect(judgeKeys({ ...healthy, keyFile: notProbed }).level).toBe('unknown');
  expect(judgeKeys({ ...healthy, person: notProbed }).level).toBe('unknown');
});

test('an accepted key that the file does not have was not written, failed, or was never confirmed, in that order', () => {
  const problem = {
    sync: 7,
    at: NOW - 60,
    kind: 'keys-write',
    name: 'alice',
    scimId: null,
    because: '',
    problem: 'the disk is full',
  };
  const codeOf = (more: Partial<typeof person>) => judgeKeys({ ...withPerson(more), keyFile: noFile }).code;
  expect(codeOf({ problem, confirmedAt: 0 })).toBe('keys-write-failed');
  expect(codeOf({ problem: { ...problem, problem: null }, confirmedAt: 0 })).toBe('keys-never-confirmed');
  expect(codeOf({ problem: { ...problem, problem: null } })).toBe('keys-not-written');
});

test('a file with keys of another user alone serves none of this one', () => {
  const other = keyText(NOW + 1000).replace(
    /AAAA\S+/,
    'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  );
  expect(judgeKeys({ ...healthy, keyFile: probed(other) })).toMatchObject({
    level: 'error',
    code: 'keys-not-written',
  });
});

test('keys expire at the second, and before any other fault of the file', () => {
  const at = (until: number) => judgeKeys({ ...healthy, keyFile: probed(keyText(until)) });
  expect(at(NOW + 1).level).toBe('ok');
  expect(at(NOW)).toMatchObject({
    level: 'error',
    code: 'keys-expired',
    howToFix: expect.stringContaining('sync'),
  });
  const other = keyText(NOW - 5).replace(/AAAA\S+/, 'AAAAC3NzaC1lZDI1NTE5AAAA');
  expect(judgeKeys({ ...healthy, keyFile: probed(other) }).code).toBe('keys-expired');
});

test('the fix for expired keys is that of the failure of the store, where there is one', () => {
  const failure = { code: 'store_refused_token', message: 'refused', hint: 'make a new token' };
  const facts = withStatus(({ store }) => ({ store: { ...store, failure } }));
  const expired = { ...facts, keyFile: probed(keyText(NOW - 5)) };
  expect(judgeKeys(expired).howToFix).toContain(failure.hint);
  expect(judgeKeys({ ...expired, status: notProbed }).howToFix).not.toContain(failure.hint);
});

test('a file without a readable expiry is in order, and its detail tells whether keys expire at all', () => {
  const served = { ...healthy, keyFile: probed(keyText(NOW).replace(/^\S+ /, '')) };
  const never: Facts['config'] = { ...config, keys: { ...config.keys, max_age: null } };
  expect(judgeKeys(served).level).toBe('ok');
  expect(judgeKeys({ ...served, config: never }).level).toBe('ok');
  expect(judgeKeys({ ...served, config: never }).detail).not.toBe(judgeKeys(served).detail);
});

test('one key of the question is judged before the others, whatever they are', () => {
  const both = withPerson({ keys: [refused, ...person.keys] });
  expect(judgeKeys({ ...both, fingerprint: 'SHA256:weak' }).code).toBe('keys-refused');
  expect(judgeKeys({ ...withPerson({ keys: [] }), fingerprint: FINGERPRINT }).code).toBe('keys-not-listed');
});
