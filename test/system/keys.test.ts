import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderKeyFile } from '../../src/policy/key-file.ts';
import { readKeys } from '../../src/policy/ssh-key.ts';
import { canOpenPrivateNode, logInMany, openPrivateNode } from '../host/private-node.ts';
import { testSshd } from '../host/sshd-suite.ts';
import { makeCorpus } from '../policy/key-corpus.ts';
import { compareReadings } from '../policy/ssh-keygen.ts';

const PROJECT = join(import.meta.dirname, '../..');
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

test.runIf(canOpenPrivateNode())(
  'of 500 logins, 32 at once, none is lost while the key file is replaced all the time',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'storm-'));
    const keyFile = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
    const node = await openPrivateNode();
    const keys = readKeys([readFileSync(`${keyFile}.pub`, 'utf8')]).flatMap((reading) =>
      reading.ok ? [reading.key] : [],
    );
    const text = renderKeyFile(keys, 'id', 4_000_000_000, { zulu: true, timeZone: 'UTC' });
    node.sh(`
      printf 'alice:x:20000:9999::/home/alice:/bin/sh\n' >>/etc/passwd
      printf 'alice:*:20000::::::\n' >>/etc/shadow
      mkdir /home/alice
      printf 'ListenAddress 127.0.0.1\nUsePAM no\nMaxStartups 1000\n' >/etc/ssh/sshd_config
      cat ${PROJECT}/packaging/sshd/10-sunk-agent.conf >>/etc/ssh/sshd_config
      printf '%s' '${text}' >/var/lib/sunk-agent/authorized_keys/alice`);
    await node.startSshd();
    const [program, ...before] = node.command;
    const replace =
      'cd /var/lib/sunk-agent/authorized_keys; while cp -p alice .new && mv .new alice; do :; done';
    const replacer = spawn(program ?? '', [...before, 'sh', '-c', replace], { stdio: 'ignore' });
    try {
      expect(await logInMany({ port: node.port, name: 'alice', keyFile }, 500, 32)).toBe(0);
      expect(replacer.exitCode).toBeNull();
    } finally {
      replacer.kill();
      await node.close();
      rmSync(folder, { recursive: true });
    }
  },
);

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
