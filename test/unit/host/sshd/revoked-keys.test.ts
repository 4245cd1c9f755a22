import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { areAllListed, findRevoked } from '../../../../src/host/sshd/revoked-keys.ts';
import { listFingerprints } from '../../../../src/policy/keys/key-file-lines.ts';
import { makeKey } from '../../../support/records/sample-keys.ts';

const root = mkdtempSync(path.join(tmpdir(), 'revoked-'));
afterAll(() => rmSync(root, { recursive: true }));

const [one, other] = [makeKey(1), makeKey(2)];
const keyFile = `expiry-time="20300101000000Z" ${one} alice\n`;
const settings = new Map([['revokedkeys', ['/revoked']]]);

test('a list of public keys is compared by the key alone', () => {
  const fingerprints = listFingerprints(keyFile);
  expect(areAllListed(`# lost\n${one} comment\n`, fingerprints)).toBe(true);
  expect(areAllListed(other, fingerprints)).toBe(false);
  // One that is good is enough.
  expect(areAllListed(one, [...fingerprints, ...listFingerprints(other)])).toBe(false);
});

test('it is a finding where each key is on the list that sshd names', async () => {
  expect(await findRevoked(settings, root, keyFile)).toBeNull();
  writeFileSync(path.join(root, 'revoked'), `${one}\n`);
  expect(await findRevoked(settings, root, keyFile)).toMatchObject({
    code: 'sshd-key-revoked',
    detail: expect.stringMatching(/\/revoked\) lists each key of the user \(SHA256:/),
  });
  expect(await findRevoked(settings, root, `${keyFile}${other}\n`)).toBeNull();
  expect(await findRevoked(new Map(), root, keyFile)).toBeNull();
  expect(await findRevoked(settings, root, '')).toBeNull();
});
