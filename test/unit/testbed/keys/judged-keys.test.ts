// Keys as the console shows them: the agent's own judgement, and the comment that people know a key by.
import { expect, it } from 'vitest';
import { findBlobs, judgeKeys } from '../../../../src/testbed/keys/judged-keys.ts';
import { ED, RSA } from '../../../support/records/sample-keys.ts';

it.each([
  [[`${ED} alice@laptop`], ['ssh-ed25519 alice@laptop']],
  [[`${ED} one two\n${RSA} other\n`], ['ssh-ed25519 one two', 'ssh-rsa other']],
  [[`${ED} ${RSA} glued`], ['ssh-ed25519 ', 'ssh-rsa glued']],
  [[ED], ['ssh-ed25519 ']],
  [[`command="id" ${ED}`], ['key-options ']],
  [[], []],
])('reads each key of %j', (texts, expected) => {
  const shown = judgeKeys(texts).map(
    ({ reading, comment }) => `${reading.ok ? reading.key.type : reading.code} ${comment}`,
  );
  expect(shown).toEqual(expected);
});

it('finds the blobs by which users are compared, whatever stands around them', () => {
  const [, blob = ''] = ED.split(' ');
  expect(findBlobs([`from="a" ${ED} x`, 'AAAA', ''])).toEqual([blob.replace(/=+$/, '')]);
});
