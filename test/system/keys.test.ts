import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canOpenPrivateNode } from '../host/private-node.ts';
import { testSshd } from '../host/sshd-suite.ts';
import { makeCorpus } from '../policy/key-corpus.ts';
import { compareReadings } from '../policy/ssh-keygen.ts';

/** Root folders of the releases, as debootstrap makes them with openssh-server. */
const BASES = process.env['SUNK_NODE_BASES'] ?? '/var/cache/sunk-agent/bases';
const RELEASES = [
  ['bullseye', false],
  ['bookworm', true],
  ['trixie', true],
] as const;
const canTest =
  canOpenPrivateNode() && RELEASES.every(([release]) => existsSync(`${BASES}/${release}/usr/sbin/sshd`));

test('these tests ran on a machine where they can, or it is not the one that counts', () => {
  if (!canTest) console.log(`OpenSSH 8.4, 9.2 and 10.0 are not tested: that needs root, and ${BASES}`);
  expect(process.env['CI'] === undefined || canTest).toBe(true);
});

describe.runIf(canTest).each(RELEASES)('Debian %s', (release, zulu) => {
  const base = `${BASES}/${release}`;

  test('its ssh-keygen accepts every key that we accept, with the same fingerprint, of 10,000', () => {
    const corpus = makeCorpus(3, 10_000);
    const { accepted, lax, strict } = compareReadings(corpus, ['chroot', base]);
    expect(lax).toEqual([]);
    expect(strict).toEqual([]);
    expect(accepted).toBeGreaterThan(corpus.length / 3);
  });

  describe('its sshd', () => {
    testSshd(base, zulu);
  });
});
