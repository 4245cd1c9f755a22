// This machine’s own sshd, in a private copy of the machine.
import { describe } from 'vitest';
import { hasPrivateNode } from '../../support/nodes/private-node.ts';
import { testSshd } from '../../support/nodes/sshd-suite.ts';

const canRun = hasPrivateNode(import.meta.filename);

describe.runIf(canRun)('this machine’s sshd', { timeout: 30_000 }, () => {
  testSshd(null, true);
});
