import { expect, test } from 'vitest';
import { judgeKeys } from '../../../../../src/diagnose/why/judge/judge-keys.ts';
import {
  FINGERPRINT,
  healthy,
  keyText,
  NOW,
  notProbed,
  person,
  probed,
  withPerson,
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

test('what could not be read is not known', () => {
  expect(judgeKeys({ ...healthy, keyFile: notProbed }).level).toBe('unknown');
  expect(judgeKeys({ ...healthy, person: notProbed }).level).toBe('unknown');
});
