import { expect, test } from 'vitest';
import { readKeys } from '../../../../src/policy/keys/ssh-key.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../../support/records/key-corpus.ts';

const ED = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(1))).toString('base64')}`;

test.each([
  ['the start of a type', 'ssh-rsa '.repeat(100_000)],
  ['blanks', `ssh-rsa${' '.repeat(900_000)}`],
  ['dashes', '-'.repeat(900_000)],
  ['begins', '----- BEGIN '.repeat(80_000)],
  ['words', 'a '.repeat(450_000)],
  ['base64', 'A'.repeat(900_000)],
  ['private keys', 'b3BlbnNzaC1rZXktdjE'.repeat(50_000)],
  ['lines', '\n'.repeat(1_000_000)],
  ['blocks', '--BEGIN --x--END --'.repeat(50_000)],
  ['separators', `ssh-rsa AAAA${','.repeat(900_000)}x ssh-rsa AAAA`],
  ['more separators', `ssh-rsa AAAA${'\\n'.repeat(450_000)}ssh-rsa AAAA`],
  ['glued keys', ED.repeat(11_000)],
  ['comments with options', `${ED} ${'restrict '.repeat(100_000)}x ${ED}`],
])('hostile text of a megabyte is read in less than a second of the processor: %s', (_, text) => {
  // Time of the processor, which a busy machine does not stretch.
  const start = process.cpuUsage();
  readKeys([text]);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(1000);
});
