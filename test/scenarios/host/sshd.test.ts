import { describe, expect, test } from 'vitest';
import { canOpenPrivateNode } from '../../support/nodes/private-node.ts';
import { testSshd } from '../../support/nodes/sshd-suite.ts';

test('these tests ran on a machine where they can, or it is not the one that counts', () => {
  if (!canOpenPrivateNode()) console.log('sshd itself is not tested: that needs root');
  expect(process.env['CI'] === undefined || canOpenPrivateNode()).toBe(true);
});

describe.runIf(canOpenPrivateNode())('this machine’s sshd', { timeout: 30_000 }, () => {
  testSshd(null, true);
});
