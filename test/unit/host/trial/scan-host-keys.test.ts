import { expect, test } from 'vitest';
import { readScan } from '../../../../src/host/trial/scan-host-keys.ts';

test('host keys are read as ssh-keyscan writes them, without its remarks', () => {
  const text =
    '# 127.0.0.1:22 SSH-2.0-OpenSSH_10.0\n[127.0.0.1]:2222 ssh-ed25519 AAAA\n\n127.0.0.1 ssh-rsa\n';
  expect(readScan(text)).toEqual(['ssh-ed25519 AAAA']);
  expect(readScan('')).toEqual([]);
});
