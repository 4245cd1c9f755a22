// A storm of logins on a booted node while its agent runs syncs that change accounts, groups and key files.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProofOfUse } from '../../src/agent/report/proof-of-use.ts';
import { ensureBase, RELEASES } from '../support/nodes/base.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
limits: { max_loss: { share: 1, at_most: 1000 }, max_gain: { replaced_keys: 1, enabled_again: 1 } }
sync:
  poll: "* * * * * *"
`;
const LOGINS = 500;
const AT_ONCE = 32;

/** Real keys; logins are only made with some of them. */
function makeKeys(directory: string, names: readonly string[]): void {
  for (const name of names)
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(directory, name)]);
}

function readFingerprint(file: string): string {
  return execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

/** Puts Debian 12's sshd, with the libraries that it needs, in the place of the node's own. */
function upgradeSshd(node: LoginNode): void {
  const base = ensureBase('bookworm');
  const inBase = (...command: string[]): Buffer =>
    execFileSync('chroot', [base, ...command], { maxBuffer: 64 * 1024 * 1024 });
  const libraries = [
    ...inBase('ldd', '/usr/sbin/sshd')
      .toString()
      .matchAll(/(\/lib\S+) \(/g),
  ].map(([, file]) => file ?? '');
  const directory = path.join(node.root, 'opt/bookworm');
  mkdirSync(directory);
  for (const file of [...libraries, '/usr/sbin/sshd'])
    writeFileSync(path.join(directory, path.basename(file)), inBase('cat', file), { mode: 0o755 });
  const loader = libraries.map((file) => path.basename(file)).find((name) => name.startsWith('ld-'));
  const program = `#!/bin/sh
exec /opt/bookworm/${loader} --library-path /opt/bookworm /opt/bookworm/sshd "$@"
`;
  writeFileSync(path.join(node.root, 'usr/sbin/sshd.new'), program, { mode: 0o755 });
  renameSync(path.join(node.root, 'usr/sbin/sshd.new'), path.join(node.root, 'usr/sbin/sshd'));
}

/** Epoch seconds of `YYYYMMDDHHMMSS`, read as UTC. */
function secondsOf(digits: string): number {
  return Date.parse(digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
}

async function logIn(node: LoginNode, name: string, keyFile: string): Promise<number | null> {
  const [status] = (await once(node.startSsh(name, keyFile, 'true'), 'exit')) as [number | null];
  return status;
}

for (const release of RELEASES) {
  describeOnNodes(`a storm on ${release}`, () => {
    // The whole storm once; the other releases get a breeze, for their sshd writes its log in another way.
    const count = release === 'bookworm' ? LOGINS : AT_ONCE;
    const people = ['alice', 'bob', 'carol', 'dora'];
    let eve: string;
    let directory: string;
    let node: LoginNode;
    let store: Store;

    beforeAll(async () => {
      directory = mkdtempSync(path.join(tmpdir(), 'storm-'));
      makeKeys(directory, [...people, 'eve', 'unused']);
      node = await bootNode(release, (root) => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        // Activated by socket, an sshd before Debian 12's loses its run directory whenever a connection ends (ssh@.service).
        const presets = path.join(root, 'etc/systemd/system-preset');
        mkdirSync(presets, { recursive: true });
        writeFileSync(path.join(presets, '00-test.preset'), 'disable ssh.socket\n');
      });
      store = await startStore(node);
      const members: string[] = [];
      for (const name of [...people, 'eve']) {
        const key = readFileSync(path.join(directory, `${name}.pub`), 'utf8').trim();
        members.push(await store.createUser(`${name}@example.com`, key));
      }
      eve = members.at(-1) ?? '';
      await store.createGroup('slurm-users', members);
      const deadline = Date.now() + 90_000;
      while (node.exec('ls /var/lib/sunk-agent/authorized_keys | wc -l').stdout.trim() !== '5') {
        if (Date.now() > deadline) throw new Error('the accounts were not made in time');
        await sleep(250);
      }
    });

    afterAll(async () => {
      await store?.stop();
      await node?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    test(
      `of ${count} logins, ${AT_ONCE} at once, none is lost while syncs change accounts and key files`,
      { timeout: 480_000 },
      async () => {
        const readSync = (): number =>
          (JSON.parse(node.exec('sunk-agent status --json').stdout) as { lastSync: { n: number } }).lastSync
            .n;
        const before = readSync();
        const failed: string[] = [];
        let left = count;
        const storm = { isOver: false };
        const worker = async (): Promise<void> => {
          while (left > 0) {
            const name = people[left % people.length] ?? '';
            left -= 1;
            const status = await logIn(node, name, path.join(directory, name));
            if (status !== 0) failed.push(`${name}: ${status}`);
          }
        };
        // Eve goes and comes back, so that passwd, shadow, groups and key files change while the others log in.
        const churn = async (): Promise<void> => {
          for (let isIn = false; !storm.isOver; isIn = !isIn) {
            await store.setActive(eve, isIn ? 'True' : 'False');
            await sleep(700);
          }
        };
        const churning = churn();
        try {
          await Promise.all(Array.from({ length: AT_ONCE }, worker));
        } finally {
          storm.isOver = true;
        }
        await churning;
        expect(failed).toEqual([]);
        expect(readSync()).toBeGreaterThan(before);
        // It was a storm on a node that changed: Eve was really revoked, and granted access again, meanwhile.
        const said = node.exec('journalctl --no-pager -u sunk-agent --output=cat').stdout;
        expect(said).toContain('"account-close","name":"eve"');
      },
    );

    test('sshd’s journal says which key opened which session, and no local user can add to it', async () => {
      const fingerprint = readFingerprint(path.join(directory, 'alice.pub'));
      const forged = `Accepted publickey for alice from 203.0.113.66 port 1 ssh2: ED25519 ${fingerprint}`;
      node.exec(`su -s /bin/sh alice -c 'logger -t sshd "${forged}"'`);
      node.ssh(forged, path.join(directory, 'alice'), 'true');
      const { stdout, stderr } = node.exec(`sunk-agent why alice --key ${fingerprint} --json`);
      expect(stderr).toBe('');
      const { used, scimId } = JSON.parse(stdout) as { used: ProofOfUse; scimId: string };
      expect(used.source).toBe('journal');
      expect(used.logins.length).toBeGreaterThan(0);
      for (const login of used.logins)
        expect(login).toMatchObject({ name: 'alice', from: '127.0.0.1', scimId, fingerprint });
    });

    test('of a key that opened nothing sshd’s journal says just that, and not that it cannot be read', () => {
      const fingerprint = readFingerprint(path.join(directory, 'unused.pub'));
      const { stdout } = node.exec(`sunk-agent why alice --key ${fingerprint} --json`);
      expect(JSON.parse(stdout)).toMatchObject({ used: { source: 'journal', logins: [] } });
    });

    if (release === 'bookworm-old-sshd')
      test('key files are written anew when the time zone changes and when sshd is upgraded, by one daemon', async () => {
        const read = (): string => node.exec('cat /var/lib/sunk-agent/authorized_keys/alice').stdout;
        const findPid = (): string => node.exec('systemctl show -p MainPID --value sunk-agent').stdout;
        const expiry = (text: string): string => /expiry-time="(\w+)"/.exec(text)?.[1] ?? '';
        const awaitChange = async (before: string): Promise<string> => {
          for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(250)) {
            const now = read();
            if (now !== before && now !== '') return now;
          }
          throw new Error(`not within a minute: another key file than ${before}`);
        };
        const [pid, utc] = [findPid(), read()];
        expect(expiry(utc)).toMatch(/^\d{14}$/);

        node.exec('ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime');
        const tokyo = await awaitChange(utc);
        // Nine hours ahead, and the hour that a change of law may bring.
        expect(secondsOf(expiry(tokyo)) - secondsOf(expiry(utc))).toBe(10 * 3600);
        expect(node.ssh('alice', path.join(directory, 'alice'), 'true').status).toBe(0);

        upgradeSshd(node);
        expect(node.exec('/usr/sbin/sshd -V').stderr).toContain('OpenSSH_9.2');
        const zulu = await awaitChange(tokyo);
        expect(expiry(zulu)).toBe(`${expiry(utc)}Z`);
        expect(findPid()).toBe(pid);
        expect(node.exec('sunk-agent plan').stdout).toContain('Nothing to change');
      });
  });
}
