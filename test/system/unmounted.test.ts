// A real node whose state lies on a disk of its own: where that is not mounted, no agent starts with a new ledger.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
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
`;
const STATE = '/var/lib/sunk-agent';

describeOnNodes('a node whose state lies on a disk of its own', () => {
  let directory: string;
  let node: LoginNode;
  let store: Store;
  const key = (): string => path.join(directory, 'alice');
  const must = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    expect(status, `${command}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const login = () => node.ssh('alice', key(), 'true').status;
  const line = (): string => must('grep ^alice: /etc/passwd');

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'unmounted-'));
    spawnSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', key()]);
    node = await bootNode('bookworm', (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
    store = await startStore(node);
    // A file system that is kept at another mount point while it is not mounted at its own.
    must(`systemctl stop sunk-agent; mkdir /srv/disk; mount -t tmpfs -o size=1g,mode=755 tmpfs /srv/disk
      mv ${STATE}/* /srv/disk; mount --bind /srv/disk ${STATE}
      printf '/dev/disk/by-label/state ${STATE} ext4 nofail,x-systemd.device-timeout=1s 0 2\\n' >>/etc/fstab
      systemctl start sunk-agent`);
    const alice = await store.createUser('alice@example.com', readFileSync(`${key()}.pub`, 'utf8').trim());
    await store.createGroup('slurm-users', [alice]);
    must('sunk-agent sync');
  });
  afterAll(async () => {
    await store.stop();
    await node.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('works while it is mounted', () => {
    expect(login()).toBe(0);
    expect(node.exec('sunk-agent doctor').stdout).not.toMatch(/ (?:disk|passes|login|sshd)-/);
  });

  test.each([
    ['the agent itself', 'true'],
    ['systemd, which has read fstab', 'systemctl daemon-reload'],
  ])('without it no agent starts, by %s, and status, why and doctor name it with its fix', (_, before) => {
    const passwd = line();
    must(`${before}; systemctl stop sunk-agent; umount ${STATE}`);
    try {
      expect(node.exec('timeout 60 systemctl start sunk-agent').status).not.toBe(0);
      expect(node.exec('systemctl is-active --quiet sunk-agent').status).not.toBe(0);
      expect(node.exec('sunk-agent sync')).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/not mounted/),
      });
      // No new ledger, which would give the uids of people to others.
      expect(must(`find ${STATE} -name '*.sqlite*'`)).toBe('');
      expect(line()).toBe(passwd);
      expect(login()).not.toBe(0);
      const why = node.exec('sunk-agent why alice');
      expect(why.status, why.stdout).toBe(1);
      expect(why.stdout).toMatch(
        /^Cause: \/var\/lib\/sunk-agent is in \/etc\/fstab and not mounted.*\nOwner: .+\nFix: mount \/var\/lib\/sunk-agent, then/m,
      );
      const doctor = node.exec('sunk-agent doctor').stdout;
      expect(doctor).toMatch(
        /^ERROR +disk-not-mounted: .*\n +Fix: mount \/var\/lib\/sunk-agent, then systemctl restart sunk-agent/,
      );
    } finally {
      // As its fix says: the disk of this test is that of /srv/disk.
      must(`mount --bind /srv/disk ${STATE}; systemctl reset-failed; systemctl restart sunk-agent`);
    }
    expect(login()).toBe(0);
  });

  test('status says why the agent does not run', async () => {
    must(`systemctl stop sunk-agent; umount ${STATE}`);
    try {
      await eventually('a monitor takes note', () => {
        const { status, stdout } = node.exec('sunk-agent status');
        return (
          status === 2 && /^failing: \/var\/lib\/sunk-agent is in \/etc\/fstab and not mounted/m.test(stdout)
        );
      });
    } finally {
      must(`mount --bind /srv/disk ${STATE}; systemctl restart sunk-agent`);
    }
    await eventually('alice logs in', () => login() === 0);
  });
});
