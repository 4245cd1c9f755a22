// Homes that a local user planted for new members of the sudo group in a directory that all can write, on a booted node.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import { describeOnNodes } from '../support/requirements.ts';

const CONFIG = `scim: { base_url: "${BASE_URL}" }
access: { groups: [{ name: slurm-users }], sudo_groups: [{ name: slurm-admins }] }
accounts: { domains: [example.com], home: /mnt/home/%u }
limits: { max_gain: { sudo: 10 } }
sync: { poll: "*/2 * * * * *" }
`;

/** What mallory leaves for each of them, and whether it is a directory of hers that a shell would read. */
const PLANTED = {
  directory: 'mkdir /mnt/home/directory && echo "touch /tmp/owned" >/mnt/home/directory/.bashrc',
  link: 'ln -s /etc /mnt/home/link',
  'link-to-hers': 'mkdir /home/mallory/trap && ln -s /home/mallory/trap /mnt/home/link-to-hers',
  file: 'touch /mnt/home/file',
  'below-hers': 'mkdir -p /mnt/home/below-hers/.ssh',
};
const NAMES = Object.keys(PLANTED);

describeOnNodes('a home that a local user planted for a member of sudo', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;

  const keyFile = (name: string): string => path.join(keys, name);
  const login = (name: string, command = 'true') => node.ssh(name, keyFile(name), command);
  const must = (command: string, ...statuses: readonly number[]): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (!(statuses.length === 0 ? [0] : statuses).includes(status ?? -1))
      throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'planted-homes-'));
    node = await bootNode('bookworm', (root) => {
      installAgent(root, { config: CONFIG, token: TOKEN });
      // Before the unit starts, which may write only to what is there then.
      mkdirSync(path.join(root, 'mnt/home'));
      chmodSync(path.join(root, 'mnt/home'), 0o1777);
    });
    must('useradd -m -u 1500 mallory');
    for (const plant of Object.values(PLANTED)) must(`runuser -u mallory -- sh -c '${plant}'`);
    store = await startStore(node);
    const members: string[] = [];
    for (const name of [...NAMES, 'clean']) {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile(name)]);
      const key = readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
      members.push(await store.createUser(`${name}@example.com`, key));
    }
    await store.createGroup('slurm-users', members);
    await store.createGroup('slurm-admins', members);
    await eventually(
      'clean logs in',
      () => login('clean').status === 0,
      () =>
        must('sunk-agent status; sunk-agent why clean; journalctl -n 20 --no-pager -u sunk-agent', 0, 1, 2),
    );
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('is never entered: no key is served, nothing changes its owner, and status and why name it', () => {
    const said = must('sunk-agent sync; sunk-agent status', 0, 1, 2);
    for (const name of NAMES) {
      expect([name, login(name).status]).toEqual([name, 255]);
      expect(node.exec(`test -e /var/lib/sunk-agent/authorized_keys/${name}`).status).toBe(1);
      expect(said).toContain(`/mnt/home/${name}`);
      expect(must(`sunk-agent why ${name}`, 1, 2)).toContain(`/mnt/home/${name}`);
      expect(must(`stat -c %U /mnt/home/${name}`)).toBe('mallory\n');
    }
    expect(must('stat -c %U:%a /etc /home/mallory/trap')).toBe('root:755\nmallory:755\n');
    expect(must('ls -A /home/mallory/trap /mnt/home/below-hers/.ssh | grep -v : | grep . || true')).toBe('');
    expect(node.exec('test -e /tmp/owned').status).toBe(1);
  });

  test('beside one that is not planted, which is made for its owner, who is root by sudo', () => {
    expect(login('clean', 'stat -c %U:%a ~; sudo -n id -u').stdout).toMatch(/^clean:7[05][05]\n0\n$/);
  });

  test('is made anew for its owner once root removed it', async () => {
    for (const name of NAMES) must(`rm -rf /mnt/home/${name}`);
    for (const name of NAMES) {
      await eventually(`${name} logs in`, () => login(name).status === 0);
      expect(login(name, 'stat -c %U ~; sudo -n id -u').stdout).toBe(`${name}\n0\n`);
    }
  });
});
