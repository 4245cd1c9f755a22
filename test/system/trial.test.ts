// Trial logins on real nodes: the step that fails is named in the system's words, and the key can do nothing else.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
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

interface Case {
  readonly what: string;
  /** Shell commands inside the node. */
  readonly make: string;
  readonly undo: string;
  /** The link that fails; null: the trial succeeds. */
  readonly failed: string | null;
  /** Of the detail. */
  readonly says: RegExp;
}

const DROP_IN = '/etc/ssh/sshd_config.d/05-other.conf';
const sshd = (text: string): Pick<Case, 'make' | 'undo'> => ({
  make: `printf '${text}\\n' >${DROP_IN}; ${RESTART_SSHD}`,
  undo: `rm ${DROP_IN}; ${RESTART_SSHD}`,
});
const pam = (line: string): Pick<Case, 'make' | 'undo'> => ({
  make: `cp /etc/pam.d/sshd /root/pam-sshd; sed -i '1i ${line}' /etc/pam.d/sshd`,
  undo: 'cp /root/pam-sshd /etc/pam.d/sshd',
});
const limits = (line: string): Pick<Case, 'make' | 'undo'> => ({
  make: `echo '${line}' >/etc/security/limits.d/trial.conf`,
  undo: 'rm /etc/security/limits.d/trial.conf',
});
const shell = (program: string): Pick<Case, 'make' | 'undo'> => ({
  make: `cp /etc/passwd /root/passwd; sed -i '/^alice:/s|[^:]*$|${program}|' /etc/passwd`,
  undo: 'cp /root/passwd /etc/passwd',
});

/** As bash reads it for each command of sshd. */
const startUp = (lines: string): Pick<Case, 'make' | 'undo'> => ({
  make: `printf '%s\\n' '${lines}' >/home/alice/.bashrc; chown alice: /home/alice/.bashrc`,
  undo: 'rm /home/alice/.bashrc',
});

const CASES: readonly Case[] = [
  { what: 'nothing', make: 'true', undo: 'true', failed: null, says: /127\.0\.0\.1 port 22 succeeded/ },
  {
    what: 'start-up files that say what ssh says when it fails',
    ...startUp('printf "Host key verification failed.\\nConnection closed by ::1\\n\\033[2J" >&2'),
    failed: null,
    says: /succeeded/,
  },
  {
    what: 'start-up files that print more than is kept',
    ...startUp('yes | head -c 300000'),
    failed: null,
    says: /succeeded/,
  },
  {
    what: 'a forced command',
    ...sshd('Match User alice\\n  ForceCommand /bin/false\\nMatch all'),
    failed: 'shell',
    says: /ForceCommand runs \/bin\/false/,
  },
  {
    what: 'an algorithm',
    ...sshd('PubkeyAcceptedAlgorithms ssh-rsa'),
    failed: 'authenticate',
    says: /not in PubkeyAccepted|Permission denied/,
  },
  {
    what: 'AllowUsers',
    ...sshd('AllowUsers *@10.0.0.0/8 root'),
    failed: 'authenticate',
    says: /not allowed because not listed in AllowUsers/,
  },
  // systemd's socket goes on listening at 22.
  {
    what: 'another port in the configuration',
    ...sshd('Port 2222'),
    failed: null,
    says: /port 22 succeeded/,
  },
  {
    what: 'an sshd that listens elsewhere than the configuration says',
    make: 'systemctl stop ssh.socket ssh; mkdir -p /run/sshd; /usr/sbin/sshd -o Port=2222 -o PidFile=/run/trial.pid',
    undo: 'kill "$(cat /run/trial.pid)"; systemctl start ssh.socket ssh',
    failed: null,
    says: /port 2222 succeeded/,
  },
  {
    what: 'a missing shell',
    ...shell('/bin/nowhere'),
    failed: 'authenticate',
    says: /shell \/bin\/nowhere does not exist/,
  },
  {
    what: 'nologin',
    make: 'echo closed >/etc/nologin',
    undo: 'rm /etc/nologin',
    failed: 'account',
    says: /Access denied|account/,
  },
  {
    what: 'a PAM account module',
    ...pam('account required pam_deny.so'),
    failed: 'account',
    says: /Access denied for user alice by PAM/,
  },
  // As on a machine that is too busy to write its log at once.
  {
    what: 'a PAM account module, while the journal is two seconds late',
    make: `${pam('account required pam_deny.so').make}
      journald=$(systemctl show -P MainPID systemd-journald); kill -STOP $journald
      (sleep 2; kill -CONT $journald) >/dev/null 2>&1 &`,
    undo: pam('').undo,
    failed: 'account',
    says: /Access denied for user alice by PAM/,
  },
  {
    what: 'a lost shadow line',
    make: 'cp /etc/shadow /root/shadow; sed -i /^alice:/d /etc/shadow',
    undo: 'cp /root/shadow /etc/shadow',
    failed: 'account',
    says: /Access denied|shadow|account/,
  },
  {
    what: 'a PAM session module',
    ...pam('session required pam_deny.so'),
    failed: 'session',
    says: /pam_open_session|session/i,
  },
  {
    what: 'too many logins',
    ...limits('alice hard maxlogins 0'),
    failed: 'session',
    says: /limit|session|Too many/i,
  },
  { what: 'a shell that refuses', ...shell('/bin/false'), failed: 'shell', says: /status 1/ },
  {
    what: 'a start-up file that never ends',
    make: 'echo "sleep 1000" >/home/alice/.bashrc; chown alice: /home/alice/.bashrc',
    undo: 'rm /home/alice/.bashrc',
    failed: 'shell',
    says: /no answer in time/,
  },
];

for (const release of ['bookworm', 'trixie'] as const) {
  describeOnNodes(`a trial login on ${release}`, () => {
    let keys: string;
    let node: LoginNode;
    let store: Store;

    interface Answer {
      readonly mayLogIn: boolean | null;
      readonly links: readonly {
        readonly link: string;
        readonly level: string;
        readonly code: string;
        readonly detail: string;
      }[];
    }
    const tryAs = (name: string) => {
      // Two failures in half a minute are one too many for the node, and here many are made on purpose.
      node.exec('rm -f /run/sunk-agent/trial-failed');
      const { status, stdout, stderr } = node.exec(`sunk-agent why ${name} --try --json`);
      if (stdout === '') throw new Error(stderr);
      const answer = JSON.parse(stdout) as Answer;
      return { status, answer, trial: answer.links.find(({ link }) => link === 'trial') };
    };

    beforeAll(async () => {
      keys = mkdtempSync(path.join(tmpdir(), 'trial-'));
      for (const name of ['alice', 'bob'])
        spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(keys, name)]);
      node = await bootNode(release, (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
      store = await startStore(node);
      const publicKey = (name: string): string => readFileSync(path.join(keys, `${name}.pub`), 'utf8').trim();
      const alice = await store.createUser('alice@example.com', publicKey('alice'));
      const bob = await store.createUser('bob@example.com', publicKey('bob'));
      await store.createGroup('slurm-users', [alice, bob]);
      await eventually(
        'both have a key file',
        () =>
          node.exec(
            'test -s /var/lib/sunk-agent/authorized_keys/alice -a -s /var/lib/sunk-agent/authorized_keys/bob',
          ).status === 0,
      );
      // The agent would put a changed shell right at once.
      node.exec('systemctl stop sunk-agent sunk-agent-reader');
    });
    afterAll(async () => {
      await store?.stop();
      await node?.stop();
      rmSync(keys, { recursive: true, force: true });
    });

    test.each(CASES)('with $what names the step: $failed', ({ make, undo, failed, says }) => {
      node.exec(make);
      try {
        const { status, answer, trial } = tryAs('alice');
        expect(trial).toMatchObject({
          level: failed === null ? 'ok' : 'error',
          code: failed === null ? 'ok' : `trial-${failed}`,
          detail: expect.stringMatching(says),
        });
        expect([status, answer.mayLogIn]).toEqual(failed === null ? [0, true] : [1, false]);
      } finally {
        node.exec(undo);
      }
    });

    test('asks sudo itself what it lets the user run, and tells the rules of others from its own', () => {
      const ask = () =>
        node.exec('rm -f /run/sunk-agent/trial-failed; sunk-agent why alice --try --sudo').stdout;
      expect(ask()).toMatch(/ok +trial [^]*ok +sudo +sudo lets alice run nothing/);
      node.exec("echo 'alice ALL=(root) /bin/ls' >/etc/sudoers.d/other; chmod 440 /etc/sudoers.d/other");
      expect(ask()).toMatch(
        /WARNING sudo +sudo lets alice run \(root\) \/bin\/ls, by rules that sunk-agent did not write/,
      );
      node.exec('rm /etc/sudoers.d/other');
    });

    const readLogins = () => {
      const { links } = JSON.parse(node.exec('sunk-agent why alice --json').stdout) as Answer;
      return links.find(({ link }) => link === 'logins');
    };

    test('why reads the words of sshd about real logins, and believes no line that a user forged', () => {
      const login = () => node.ssh('alice', path.join(keys, 'alice'), 'true').status;
      node.exec(`echo 'PubkeyAcceptedAlgorithms ssh-rsa' >${DROP_IN}; ${RESTART_SSHD}`);
      expect(login()).toBe(255);
      node.exec(`rm ${DROP_IN}; ${RESTART_SSHD}`);
      expect(readLogins()).toMatchObject({ code: 'logins-algorithm', owner: 'operator' });
      expect(login()).toBe(0);
      node.exec(
        "setpriv --reuid=alice --regid=9999 --clear-groups logger -t sshd 'Failed publickey for alice from 10.0.0.1 port 1 ssh2: ED25519 SHA256:abc'",
      );
      expect(node.exec('journalctl --sync; journalctl -t sshd -o cat').stdout).toContain('from 10.0.0.1');
      expect(readLogins()).toMatchObject({ code: 'ok', detail: expect.stringMatching(/^last accepted/) });
    });

    test('why reads lines whose process ended before journald read them, and of those none that a user forged', () => {
      // journald reads them when it goes on, and then knows user and number alone, not the program.
      const during = (work: () => void): string => {
        node.exec('journalctl --sync; systemctl kill --signal=STOP systemd-journald');
        work();
        node.exec('sleep 1; systemctl kill --signal=CONT systemd-journald; journalctl --sync');
        return node.exec('journalctl -q -n 20 -o json --output-fields=MESSAGE,_COMM | grep -v _COMM').stdout;
      };
      node.exec(`echo 'PubkeyAcceptedAlgorithms ssh-rsa' >${DROP_IN}; ${RESTART_SSHD}`);
      const refused = during(() => node.ssh('alice', path.join(keys, 'alice'), 'true'));
      node.exec(`rm ${DROP_IN}; ${RESTART_SSHD}`);
      expect(refused).toMatch(/not in PubkeyAcceptedAlgorithms/);
      expect(readLogins()).toMatchObject({ code: 'logins-algorithm' });
      const forged = during(() =>
        node.exec(
          'setpriv --reuid=alice --regid=9999 --clear-groups sh -c \'for n in 1 2 3; do logger --id -t sshd "Invalid user alice from 10.0.0.3 port 1"; done\'',
        ),
      );
      expect(forged).toContain('10.0.0.3');
      expect(readLogins()?.detail).not.toContain('10.0.0.3');
    });

    test('leaves lastlog as it was', () => {
      const logs = () =>
        node.exec('cat /var/log/lastlog /var/lib/lastlog/lastlog2.db 2>/dev/null | cksum').stdout;
      node.exec('touch /var/log/lastlog');
      const before = logs();
      expect(tryAs('alice').status).toBe(0);
      expect(logs()).toBe(before);
    });

    test('works where sshd reads the key files itself (keys.serve: file)', () => {
      node.exec(
        'cp /etc/ssh/sshd_config.d/10-sunk-agent.conf /etc/sunk-agent/config.yaml /root/; chmod 755 /var/lib/sunk-agent/authorized_keys',
      );
      node.exec("printf 'keys: { serve: file }\\n' >>/etc/sunk-agent/config.yaml; sunk-agent doctor --fix");
      try {
        node.exec(RESTART_SSHD);
        expect(
          node.exec('grep AuthorizedKeysFile /etc/ssh/sshd_config.d/10-sunk-agent.conf').stdout,
        ).toContain('trials/%u');
        const { status, trial } = tryAs('alice');
        expect([status, trial?.level], trial?.detail).toEqual([0, 'ok']);
      } finally {
        node.exec(
          `cp /root/10-sunk-agent.conf /etc/ssh/sshd_config.d/; cp /root/config.yaml /etc/sunk-agent/; ${RESTART_SSHD}`,
        );
      }
    });

    describe('its key', () => {
      const remains = () =>
        node.exec(
          'ls -A /run/sunk-agent/trials /run/sunk-agent | grep -E "^(alice|bob|trial-)" | grep -v trial-failed',
        ).stdout;

      test('is gone afterwards, and the trial is on the audit trail', () => {
        tryAs('alice');
        expect(remains()).toBe('');
        expect(node.exec('tail -n 1 /var/lib/sunk-agent/audit.ndjson').stdout).toContain('"act":"trial"');
      });

      test('that a kill leaves behind admits no one after its seconds, no other account, and no other address', () => {
        const line = (options: string) =>
          `mkdir -p /run/sunk-agent/trials; echo '${options} ${readFileSync(path.join(keys, 'bob.pub'), 'utf8').trim()}' >/run/sunk-agent/trials/alice`;
        const login = (user: string) => node.ssh(user, path.join(keys, 'bob'), 'true').status;
        node.exec(line('restrict,from="127.0.0.1"'));
        expect(login('alice')).toBe(0);
        node.exec(line('restrict,from="127.0.0.1",expiry-time="20200101000000Z"'));
        expect(login('alice')).toBe(255);
        node.exec(line('restrict,from="10.0.0.1"'));
        expect(login('alice')).toBe(255);
        node.exec('touch -d "-1 hour" /run/sunk-agent/trials/alice');
        expect(tryAs('alice').status).toBe(0);
        expect(remains()).toBe('');
      });

      test('left behind by kill -9 is of no use: its private half was in memory, and it has expired', async () => {
        node.exec('echo "sleep 998" >/home/alice/.bashrc; chown alice: /home/alice/.bashrc');
        node.exec('rm -f /run/sunk-agent/trial-failed; sunk-agent why alice --try >/dev/null 2>&1 &');
        await eventually(
          'its session runs',
          () =>
            node.exec('test -s /run/sunk-agent/trials/alice && pgrep -u alice -f "sleep 99[8]"').status === 0,
        );
        const line = node.exec('cat /run/sunk-agent/trials/alice').stdout;
        expect(line).toMatch(
          /^restrict,from="127\.0\.0\.1,[^"]*",command="echo [0-9a-f]{32}",expiry-time="\d{14}Z?" /,
        );
        // No other user reads anything of the private key: it is on no file and in no argument or environment.
        expect(
          node.exec(
            "grep -rlsa 'OPENSSH PRIVAT[E]' /run/sunk-agent /tmp /proc/[0-9]*/environ /proc/[0-9]*/cmdline",
          ).stdout,
        ).toBe('');
        node.exec("kill -9 $(pgrep -f '[w]hy alice --try'); pkill -9 -u alice; rm /home/alice/.bashrc");
        expect(node.exec('test -e /run/sunk-agent/trials/alice').status).toBe(0);
        // As the clock of sshd has it twenty seconds later.
        const expired = line.replace(/expiry-time="\d{14}/, 'expiry-time="20200101000000').trim();
        node.exec(
          `echo '${expired}' >/run/sunk-agent/trials/alice; touch -d '-2 min' /run/sunk-agent/trials/alice /run/sunk-agent/trial-hosts-*`,
        );
        expect(tryAs('alice').status).toBe(0);
        expect(remains()).toBe('');
      });

      test('serves no account on the deny list, and none without a key file', () => {
        node.exec('mkdir -p /run/sunk-agent/shut; touch /run/sunk-agent/shut/alice');
        expect(tryAs('alice').answer.mayLogIn).toBe(false);
        node.exec('rm /run/sunk-agent/shut/alice; mv /var/lib/sunk-agent/authorized_keys/bob /root/bob');
        expect(tryAs('bob').trial).toMatchObject({ level: 'unknown' });
        node.exec('mv /root/bob /var/lib/sunk-agent/authorized_keys/bob');
      });

      test('is made for root alone, and after a failure not at once again', () => {
        const asUser = node.exec(
          'setpriv --reuid=alice --regid=9999 --clear-groups sunk-agent why alice --try --json',
        );
        expect(asUser.stdout).not.toContain('succeeded');
        node.exec('systemctl stop ssh.socket ssh');
        expect(tryAs('alice').trial).toMatchObject({ code: 'trial-connect' });
        const again = node.exec('sunk-agent why alice --try --json').stdout;
        expect(again).toContain('a trial login failed a moment ago');
        node.exec('systemctl start ssh.socket ssh');
      });
    });
  });
}
