// The whole way from a pushed user to a real SSH session and out again, on each release.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RELEASES } from '../support/nodes/base.ts';
import { installAgent } from '../support/nodes/install.ts';
import { eventually } from '../support/eventually.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync:
  poll: "*/2 * * * * *"
`;

const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];

/** Tries until \`isTrue\`; the poll, each node's jitter and a sync lie in between. */
for (const release of RELEASES) {
  describeOnNodes(`a login on ${release}`, () => {
    let keys: string;
    let node: LoginNode;
    let store: Store;
    let local: Map<string, string>;
    let alice: string;

    const keyFile = (name: string): string => path.join(keys, name);
    const publicKey = (name: string): string => readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
    const login = (user: string, key: string, command = 'true') => node.ssh(user, keyFile(key), command);
    const readAccounts = () =>
      new Map(ACCOUNT_FILES.map((file) => [file, readFileSync(path.join(node.root, 'etc', file), 'latin1')]));

    beforeAll(async () => {
      keys = mkdtempSync(path.join(tmpdir(), 'first-login-'));
      for (const name of ['alice', 'bob', 'stranger']) {
        spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
      }
      node = await bootNode(release, (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
      local = readAccounts();
      store = await startStore(node);
      alice = await store.createUser('alice@example.com', publicKey('alice'));
      await store.createUser('bob@example.com', publicKey('bob'));
      await store.createGroup('slurm-users', [alice]);
      await eventually(
        'alice has a key file',
        () => node.exec('test -s /var/lib/sunk-agent/authorized_keys/alice').status === 0,
      );
    });

    afterAll(async () => {
      await store?.stop();
      await node?.stop();
      rmSync(keys, { recursive: true, force: true });
    });

    test('opens for a member of an access group, with the uid and the groups of the plan', () => {
      const { status, stdout } = login('alice', 'alice', 'id; loginctl --no-legend list-sessions');
      expect(status).toBe(0);
      // The canary may have a session of its own.
      const [ids, ...sessions] = stdout.split('\n');
      expect(ids).toBe('uid=10000(alice) gid=9999(sunk-users) groups=9999(sunk-users),20000(slurm-users)');
      expect(sessions.join('\n')).toContain('alice');
      expect(node.exec('sunk-agent plan').stdout).toContain('Nothing to change');
    });

    test('stays closed for a user outside of the group, and for a key that the store does not list', () => {
      expect(login('bob', 'bob').status).toBe(255);
      expect(login('alice', 'stranger').status).toBe(255);
      expect(login('alice', 'bob').status).toBe(255);
    });

    test('opens with the store gone and both processes stopped', () => {
      store.suspend();
      expect(node.exec('systemctl stop sunk-agent sunk-agent-reader').status).toBe(0);
      expect(node.exec('pgrep -f "[s]rc/(cli|reader)/main.ts"').status).toBe(1);
      expect(login('alice', 'alice').status).toBe(0);
      store.resume();
      expect(node.exec('systemctl start sunk-agent sunk-agent-reader').status).toBe(0);
    });

    test('ends after a deactivation: the key, the live session, and the user’s own authorized_keys', async () => {
      const plant = `install -d -o alice -m 700 ~alice/.ssh && echo '${publicKey('alice')}' > ~alice/.ssh/authorized_keys && chown alice ~alice/.ssh/authorized_keys`;
      expect(node.exec(plant).status).toBe(0);
      const session = node.startSsh('alice', keyFile('alice'), 'echo here; sleep 1000');
      const ended = once(session, 'exit');
      await once(session.stdout!, 'data');
      // The shell answers before it has started it.
      await eventually('the session sleeps', () => node.exec('pgrep -u alice sleep').status === 0);

      await store.setActive(alice, 'False');
      const [status] = (await Promise.race([ended, sleep(60_000, ['still there'])])) as [number | string];
      expect(status).toBe(255);
      await eventually('nothing of alice runs', () => node.exec('pgrep -u alice').status === 1);
      expect(node.exec('test -e /var/lib/sunk-agent/authorized_keys/alice').status).toBe(1);
      expect(login('alice', 'alice').status).toBe(255);
    });

    test('opens again, with the same uid, for a user who comes back', async () => {
      await store.setActive(alice, 'True');
      await eventually('alice logs in', () => login('alice', 'alice').status === 0);
      expect(login('alice', 'alice', 'id -u').stdout).toBe('10000\n');
    });

    test('has left the accounts of the image byte for byte', () => {
      for (const [file, before] of local)
        expect(readAccounts().get(file)?.startsWith(before), file).toBe(true);
    });
  });
}
