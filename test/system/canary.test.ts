// The canary on real nodes: status begins with whether a login works, and a node on which none does is never healthy.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { expectInDocuments } from '../support/screens.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

/** No sync between a fault and the trial login. */
const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
sync:
  poll: "0 0 0 1 1 *"
  full: "0 0 1 1 *"
`;

interface Case {
  readonly what: string;
  /** Shell commands inside the node. */
  readonly make: string;
  readonly undo: string;
  readonly state: 'failed' | 'unproven';
  readonly says: RegExp;
}

const DROP_IN = '/etc/ssh/sshd_config.d/05-other.conf';
const sshd = (text: string): Pick<Case, 'make' | 'undo'> => ({
  make: `printf '${text}\\n' >${DROP_IN}; ${RESTART_SSHD}`,
  undo: `rm ${DROP_IN}; ${RESTART_SSHD}`,
});
const pam = (line: string, more = 'true'): Pick<Case, 'make' | 'undo'> => ({
  make: `cp /etc/pam.d/sshd /root/pam-sshd; sed -i '1i ${line}' /etc/pam.d/sshd; ${more}`,
  undo: 'cp /root/pam-sshd /etc/pam.d/sshd',
});

const CASES: readonly Case[] = [
  {
    what: 'an sshd that does not run',
    make: 'systemctl stop ssh.socket ssh',
    undo: 'systemctl start ssh.socket ssh',
    state: 'failed',
    says: /at connect: .*(?:refused|none)/i,
  },
  {
    what: 'no drop-in of sunk-agent',
    make: `mv /etc/ssh/sshd_config.d/10-sunk-agent.conf /root; ${RESTART_SSHD}`,
    undo: `mv /root/10-sunk-agent.conf /etc/ssh/sshd_config.d; ${RESTART_SSHD}`,
    state: 'failed',
    says: /at authenticate: /,
  },
  {
    what: 'nologin',
    make: 'echo closed >/etc/nologin',
    undo: 'rm /etc/nologin',
    state: 'failed',
    says: /at account: /,
  },
  {
    what: 'a session module that fails',
    ...pam('session required pam_deny.so'),
    state: 'failed',
    says: /at session: /,
  },
  {
    what: 'maxsyslogins 0',
    make: `echo '* hard maxsyslogins 0' >/etc/security/limits.d/canary.conf`,
    undo: 'rm /etc/security/limits.d/canary.conf',
    state: 'failed',
    says: /at session: /,
  },
  {
    what: 'a missing shell of the users',
    make: 'mv /bin/bash /bin/bash.away',
    undo: 'mv /bin/bash.away /bin/bash',
    state: 'failed',
    says: /at shell: /,
  },
  {
    what: 'AllowGroups without the managed group',
    ...sshd('AllowGroups root sudo'),
    state: 'unproven',
    says: /AllowGroups/,
  },
  {
    what: 'AllowUsers from elsewhere',
    ...sshd('AllowUsers *@10.0.0.0/8 root'),
    state: 'unproven',
    says: /AllowUsers/,
  },
  {
    what: 'a rule of pam_access',
    ...pam('account required pam_access.so', "echo '-:sunk-canary:ALL' >>/etc/security/access.conf"),
    state: 'unproven',
    says: /pam_access|access denied/,
  },
  {
    what: 'a service of the canary that does not run',
    make: 'systemctl stop sunk-agent-canary',
    undo: 'systemctl start sunk-agent-canary',
    state: 'unproven',
    says: /systemctl status sunk-agent-canary/,
  },
];

const EXIT = { failed: 2, unproven: 1 } as const;

/** Debian 13 each time: its sshd punishes addresses (PerSourcePenalties), which must not stop a canary that fails. */
const TESTED =
  process.env['NIGHTLY'] === undefined ? (['trixie'] as const) : (['bookworm', 'trixie'] as const);

for (const release of TESTED) {
  describeOnNodes(`the canary on ${release}`, () => {
    let keys: string;
    let node: LoginNode;
    let store: Store;
    const key = (): string => path.join(keys, 'key');

    const status = () => node.exec('sunk-agent status');
    const firstLine = (): string => status().stdout.split('\n')[0] ?? '';
    const triedAt = (): string => node.exec('grep -o \'"at":[0-9]*\' /run/sunk-agent/login-path.json').stdout;

    /** A start of the agent tries a login at once. */
    async function tryAgain(): Promise<void> {
      node.exec('rm -f /run/sunk-agent/login-path.json; systemctl restart sunk-agent');
      await eventually('a login was tried', () => triedAt() !== '');
    }

    beforeAll(async () => {
      keys = mkdtempSync(path.join(tmpdir(), 'canary-'));
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key()]);
      node = await bootNode(release, (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
      store = await startStore(node);
      const alice = await store.createUser('alice@example.com', readFileSync(`${key()}.pub`, 'utf8').trim());
      await store.createGroup('slurm-users', [alice]);
      node.exec('systemctl reload sunk-agent');
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

    test('proves the login path, in the first line of status, and lastlog stays as it was', async () => {
      node.exec('rm -f /var/log/lastlog; touch /var/log/lastlog');
      await tryAgain();
      await eventually('a login is proven', () => firstLine().startsWith('login path: proven'), firstLine);
      expect(status()).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^login path: .*\nhealthy\n/),
      });
      expect(node.exec('stat -c %s /var/log/lastlog').stdout.trim()).toBe('0');
      expect(node.exec('sunk-agent status --probe ready').status).toBe(0);
      expectInDocuments('sunk-agent status --host', node.exec('sunk-agent status --host').stdout.trimEnd());
    });

    test('has an account of its own that no report names, and that the next sync keeps', () => {
      expect(node.exec('id -Gn sunk-canary').stdout).toContain('sunk-users');
      expect(node.exec('sunk-agent list').stdout).not.toContain('canary');
      expect(node.exec('sunk-agent sync').stdout).not.toContain('canary');
      expect(node.exec('sunk-agent plan').stdout).toContain('Nothing to change');
      expect(status().stdout).not.toContain('canary');
      node.exec('gpasswd -d sunk-canary sunk-users');
      expect(node.exec('sunk-agent sync; id -Gn sunk-canary').stdout).toContain('sunk-users');
    });

    test('has an account that can do nothing, with a key that nothing of is left', () => {
      expect(node.exec('ls /run/sunk-agent/trials; ls /run/sunk-agent/canary').stdout).not.toMatch(
        /key|canary$/m,
      );
      // A key without restrictions, which even its own service never has.
      const line = readFileSync(`${key()}.pub`, 'utf8').trim();
      node.exec(`mkdir -p /run/sunk-agent/trials; echo '${line}' >/run/sunk-agent/trials/sunk-canary`);
      for (const command of ['id', '/bin/bash -i', '/bin/bash 12; id', '/bin/bash $(id)', '../bin/bash 12'])
        expect(node.ssh('sunk-canary', key(), command)).toMatchObject({ status: 1, stdout: '' });
      expect(node.ssh('sunk-canary', key(), '/bin/bash 12')).toMatchObject({ status: 0, stdout: '12\n' });
      node.exec('rm /run/sunk-agent/trials/sunk-canary');
      expect(node.ssh('sunk-canary', key(), '/bin/bash 12').status).toBe(255);
      expect(node.exec('sudo -n -l -U sunk-canary').stdout).toContain('not allowed');
    });

    test('leaves its key to no other user while it is valid', () => {
      const asAlice = (command: string) =>
        node.exec(`setpriv --reuid=alice --regid=9999 --clear-groups ${command}`).status;
      expect(asAlice('ls /run/sunk-agent/canary')).not.toBe(0);
      expect(asAlice('cat /run/sunk-agent-canary/answer')).not.toBe(0);
      expect(asAlice("sh -c 'echo ab >/run/sunk-agent/canary/wake'")).not.toBe(0);
    });

    test.each(CASES)('with $what the node is not healthy: $state', async ({ make, undo, state, says }) => {
      node.exec(make);
      try {
        await tryAgain();
        await eventually('it is seen', () => says.test(firstLine()), firstLine);
        const found = status();
        expect(found.stdout).toMatch(
          state === 'failed' ? /^login path: failed / : /^login path: not proven: /,
        );
        expect(found.status).toBe(EXIT[state]);
        expect(node.exec('sunk-agent status --probe ready').status).toBe(state === 'failed' ? 1 : 0);
        expect(node.exec('sunk-agent status --probe live').status).toBe(0);
      } finally {
        node.exec(undo);
      }
    });

    test('is proven again after them, and says so when it is switched off', async () => {
      await tryAgain();
      await eventually('a login is proven', () => firstLine().startsWith('login path: proven'), firstLine);
      node.exec(
        "printf 'canary: { every: never }\\n' >>/etc/sunk-agent/config.yaml; systemctl restart sunk-agent",
      );
      await eventually('it is off', () => firstLine() === 'login path: not checked: canary.every is never');
    });
  });
}
