import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { issueCredentials } from '../../src/policy/keys/credential.ts';
import { renderKeyFile } from '../../src/policy/keys/key-file.ts';
import { readKeys } from '../../src/policy/keys/ssh-key.ts';
import { logInMany, openPrivateNode } from '../support/nodes/private-node.ts';
import { testSshd } from '../support/nodes/sshd-suite.ts';
import { makeCorpus } from '../support/records/key-corpus.ts';
import { compareReadings } from '../support/records/ssh-keygen.ts';
import { ensureBase, RELEASES, type Release } from '../support/nodes/base.ts';
import { describeOnNodes } from '../support/requirements.ts';

const PROJECT = join(import.meta.dirname, '../..');
/** OpenSSH understands `expiry-time` with `Z` since 9.1. */
const ZULU: Readonly<Record<Release, boolean>> = { 'bookworm-old-sshd': false, bookworm: true, trixie: true };

describeOnNodes('a storm of logins', () => {
  test(
    'of 500 logins, 32 at once, none is lost while the key file is replaced all the time',
    { timeout: 480_000 },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'storm-'));
      const keyFile = join(directory, 'key');
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
      const node = await openPrivateNode();
      const keys = readKeys([readFileSync(`${keyFile}.pub`, 'utf8')]).flatMap((reading) =>
        reading.ok ? [reading.key] : [],
      );
      const text = renderKeyFile(issueCredentials(keys, 'id', 4_000_000_000), {
        zulu: true,
        timeZone: 'UTC',
      });
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
        rmSync(directory, { recursive: true });
      }
    },
  );
});

for (const release of RELEASES) {
  describeOnNodes(`OpenSSH of ${release}`, () => {
    const base = ensureBase(release);

    test('its ssh-keygen accepts every key that we accept, with the same fingerprint, of 10,000', () => {
      const corpus = makeCorpus(3, 10_000);
      const { accepted, lax, strict } = compareReadings(corpus, ['chroot', base]);
      expect(lax).toEqual([]);
      expect(strict).toEqual([]);
      expect(accepted).toBeGreaterThan(corpus.length / 3);
    });

    describe('its sshd', () => {
      testSshd(base, ZULU[release]);
    });
  });
}
