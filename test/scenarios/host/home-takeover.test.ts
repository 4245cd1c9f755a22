// A home that another user put there before its owner had an account, on a node with a real sshd: no login to it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOwnNode, type OwnNode } from '../../support/nodes/own-node.ts';
import { hasPrivateNode } from '../../support/nodes/private-node.ts';
import { SSH_OPTIONS } from '../../support/nodes/ssh-options.ts';
import { connectStore, type StoreClient } from '../../support/nodes/store-client.ts';

const canRun = hasPrivateNode(import.meta.filename);

const CONFIG = (baseUrl: string): string => `scim: { base_url: "${baseUrl}" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], home: /mnt/home/%u }
`;

describe.runIf(canRun)('homes where every user can write', { timeout: 240_000 }, () => {
  let node: OwnNode;
  let store: StoreClient;
  let directory: string;
  let users: string;

  const keyOf = (name: string): string => path.join(directory, name);
  const run = async (command: string): Promise<string> => {
    const { stdout, stderr, status } = await node.exec(command);
    if (status !== 0) throw new Error(`${command}: ${status}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const login = (name: string, command: string) => {
    const to = ['-p', String(node.port), `${name}@127.0.0.1`, command];
    const { status, stdout } = spawnSync('ssh', [...SSH_OPTIONS, '-i', keyOf(name), ...to], {
      encoding: 'utf8',
    });
    return { status, stdout };
  };
  const push = async (name: string): Promise<string> => {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyOf(name)]);
    return store.pushUser(`${name}@example.com`, readFileSync(`${keyOf(name)}.pub`, 'utf8').trim());
  };
  const sync = async (): Promise<string> => (await node.exec('sunk-agent sync')).stdout;
  const status = async () =>
    JSON.parse((await node.exec('sunk-agent status --json')).stdout) as {
      health: string;
      reasons: string[];
      homes: string[];
    };
  const why = async (name: string): Promise<string> => (await node.exec(`sunk-agent why ${name}`)).stdout;
  const doctor = async (): Promise<string> => (await node.exec('sunk-agent doctor --json')).stdout;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'homes-'));
    node = await openOwnNode();
    store = connectStore(node.testbed);
    const ids = [await push('alice'), await push('ivan')];
    users = await store.pushGroup('slurm-users', ids);
    await run(`mkdir -p /mnt/home /mnt/away && mount -t tmpfs -o mode=1777 none /mnt/home && mount -t tmpfs none /mnt/away
printf 'mallory:x:1501:1501::/home/mallory:/bin/bash\\n' >>/etc/passwd
cat >/etc/sunk-agent/config.yaml <<'END'
${CONFIG(node.testbed.baseUrl)}
END
setpriv --reuid=1501 --regid=1501 --clear-groups sh -c 'cd /mnt/home && mkdir -m 755 ivan && echo "touch /tmp/owned" >ivan/.bashrc && ln -s /etc/skel .sunk-agent-home-alice'`);
  });
  afterAll(async () => {
    await node?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('a planted one gives its owner no account, and the others theirs', async () => {
    expect(await sync()).toMatch(
      /refused: User ivan\S* \(\S+\): \/mnt\/home\/ivan belongs to uid 1501, not to uid \d+/,
    );
    expect((await node.exec('id ivan')).status).not.toBe(0);
    expect(login('ivan', 'true').status).toBe(255);
    expect(login('alice', 'pwd')).toEqual({ status: 0, stdout: '/mnt/home/alice\n' });
    expect(await run('stat -c %U:%a /mnt/home/alice')).toBe('alice:700\n');
    const { health, reasons } = await status();
    expect(health).not.toBe('healthy');
    expect(reasons.join()).toContain('/mnt/home/ivan belongs to uid 1501');
    expect(await why('ivan')).toMatch(
      /Cause:[^]*\/mnt\/home\/ivan belongs to uid 1501[^]*Owner:[^]*Fix:[^]*move/,
    );
    expect(await doctor()).toContain('homes-unsafe');
  });

  test('one that is moved away lets them in', async () => {
    await run('mv /mnt/home/ivan /mnt/away/planted && sunk-agent sync');
    expect(login('ivan', 'pwd')).toEqual({ status: 0, stdout: '/mnt/home/ivan\n' });
    expect((await status()).homes).toEqual([]);
  });

  test.each([
    ['another user’s directory', 'mkdir -m 755 ivan && chown 1501 ivan', 'home-other-owner'],
    ['a symbolic link', 'ln -s /mnt/away/kept ivan', 'home-no-directory'],
    ['a file', 'touch ivan && chown ivan ivan', 'home-no-directory'],
  ])('%s in the place of one takes the keys until the home is back', async (_, plant, code) => {
    await run(`cd /mnt/home && mv ivan /mnt/away/kept && ${plant}`);
    await sync();
    expect(login('ivan', 'true').status).toBe(255);
    expect((await node.exec('test -e /var/lib/sunk-agent/authorized_keys/ivan')).status).not.toBe(0);
    expect((await status()).homes).toEqual([expect.stringContaining('ivan: /mnt/home/ivan')]);
    expect((await node.exec('sunk-agent why ivan --json')).stdout).toContain(code);
    await run('rm -rf /mnt/home/ivan && mv /mnt/away/kept /mnt/home/ivan && sunk-agent sync');
    expect(login('ivan', 'pwd')).toEqual({ status: 0, stdout: '/mnt/home/ivan\n' });
  });

  test('a parent where others can replace them gives no newcomer one, and keeps those who have theirs', async () => {
    const judy = await push('judy');
    await store.request('PATCH', `/Groups/${users}`, {
      Operations: [{ op: 'add', path: 'members', value: [{ value: judy }] }],
    });
    await run('chmod 0777 /mnt/home');
    expect(await sync()).toMatch(
      /judy would not be safe: every user can replace what is in \/mnt\/home \(mode 0777\)/,
    );
    expect((await node.exec('id judy')).status).not.toBe(0);
    expect(login('alice', 'true').status).toBe(0);
    expect(await doctor()).toContain('homes-open-parent');
    await run('chmod +t /mnt/home && sunk-agent sync');
    expect(login('judy', 'pwd')).toEqual({ status: 0, stdout: '/mnt/home/judy\n' });
  });
});
