// The life of the package on a node: installed, configured, upgraded under a session, downgraded, rebooted, removed, purged.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RELEASES } from '../support/nodes/base.ts';
import { eventually } from '../support/eventually.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { apt, buildForHere, installPackage } from '../support/nodes/packages.ts';
import { type Probe, startProbe } from '../support/nodes/probe.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';

const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow'];
const MAX_BYTES = 60e6;
/** Good compression and lintian take a minute each. */
const IS_NIGHTLY = process.env['NIGHTLY'] !== undefined;

/** Tries until `isTrue`; the schedule, each node's jitter and a sync lie in between. */
describeOnNodes('the package', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'life-cycle-'));
  const keyFile = (name: string): string => path.join(directory, name);
  const publicKey = (name: string): string => readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
  let previous: string;
  let current: string;

  beforeAll(async () => {
    for (const name of ['alice', 'bob', 'janitor'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
    current = await buildForHere({ compression: IS_NIGHTLY ? 'xz' : 'quick' });
    previous = await buildForHere({ release: '0.0.9' });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  // What is compressed quickly is larger than what is shipped.
  test('has less than 60 MB', () => {
    expect(statSync(current).size).toBeLessThan(MAX_BYTES);
  });

  if (IS_NIGHTLY) {
    test('gives lintian nothing to complain of', () => {
      const { status, stdout } = spawnSync(
        'lintian',
        ['--allow-root', '--fail-on', 'error,warning', current],
        { encoding: 'utf8' },
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    });
  }

  describe.each(RELEASES)('on %s', (release) => {
    let node: LoginNode;
    let store: Store;
    let probe: Probe;
    /** How it was before: sshd's settings for all users, NSS, the accounts. */
    let before: ReturnType<typeof readHost>;
    let session: { ticks: number; child: ReturnType<LoginNode['startSsh']> };

    const login = (user: string, command = 'true') => node.ssh(user, keyFile(user), command);
    const must = (command: string): string => {
      const { status, stdout, stderr } = node.exec(command);
      if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
      return stdout;
    };
    const readHost = () => ({
      sshd: must('mkdir -p /run/sshd; sshd -T -C user=janitor,host=h,addr=127.0.0.1'),
      dropIns: must('ls -A /etc/ssh/sshd_config.d /etc/sudoers.d'),
      nsswitch: must('cat /etc/nsswitch.conf'),
    });
    const readAccounts = () =>
      ACCOUNT_FILES.map((file) => readFileSync(path.join(node.root, 'etc', file), 'latin1'));
    const readLedger = (): unknown =>
      JSON.parse(
        must(`cd /usr/lib/sunk-agent && ./node -e '
          const open = require("better-sqlite3"); const database = open("/var/lib/sunk-agent/cache/mirror.sqlite");
          console.log(JSON.stringify(database.prepare("SELECT kind, name, id FROM binding ORDER BY kind, id").all()))'`),
      );
    const isActive = (): boolean =>
      node.exec('systemctl is-active -q sunk-agent sunk-agent-reader').status === 0;

    /** sshd takes new settings, and logins under way never miss the directory that they need. */
    function expectSshdToKeepItsDirectory(change: () => void): void {
      const readDirectory = (): string => must('stat -c %i /run/sshd');
      const directory = readDirectory();
      change();
      expect(readDirectory()).toBe(directory);
      expect(must('systemctl show -P DropInPaths -P NeedDaemonReload ssh.service').trim()).toBe('no');
    }

    /** The session of alice is the same one, and alive. */
    async function expectSession(): Promise<void> {
      const { ticks } = session;
      await eventually('the session goes on', () => session.ticks > ticks || session.child.exitCode !== null);
      expect(session.child.exitCode).toBeNull();
    }

    beforeAll(async () => {
      node = await bootNode(release, (root) => {
        // Here sshd holds its socket itself, as on Ubuntu 22.04; on the others systemd does, as on Ubuntu 24.04.
        if (release === 'bookworm-old-sshd') {
          mkdirSync(path.join(root, 'etc/systemd/system-preset'), { recursive: true });
          writeFileSync(path.join(root, 'etc/systemd/system-preset/00-test.preset'), 'disable ssh.socket\n');
        }
        const own = `useradd --create-home --groups sudo janitor && install -d -o janitor -m 700 ~janitor/.ssh && echo '${publicKey('janitor')}' >~janitor/.ssh/authorized_keys`;
        expect(spawnSync('chroot', [root, 'sh', '-c', own]).status).toBe(0);
      });
      store = await startStore(node);
      const alice = await store.createUser('alice@example.com', publicKey('alice'));
      await store.createGroup('slurm-users', [alice]);
      before = readHost();
    });
    afterAll(async () => {
      session?.child.kill();
      await store?.stop();
      await node?.stop();
    });
    beforeEach(() => {
      probe = startProbe(node, 'janitor', keyFile('janitor'));
    });
    afterEach(async () => {
      expect((await probe.stop()).failures).toEqual([]);
    });

    test('is installed by apt without a network, and changes nothing that decides over logins', () => {
      const accounts = readAccounts();
      const { status, stdout } = installPackage(node, previous);
      expect(status, stdout).toBe(0);
      expect(stdout).toContain('sunk-agent init');
      expect(readHost()).toEqual(before);
      for (const [index, text] of readAccounts().entries())
        expect(text.startsWith(accounts[index] ?? 'x'), ACCOUNT_FILES[index]).toBe(true);
      expect(must('systemctl is-system-running')).toBe('running\n');
      expect(isActive()).toBe(false);
    });

    test('is configured by init, which shows a plan and grants no login', () => {
      const init = `echo '${store.readToken}' | sunk-agent init --base-url ${BASE_URL} --token-file - --group slurm-users --enforce`;
      const { status, stdout, stderr } = node.exec(init);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain('+ account alice: uid 10000');
      expect(stderr).toContain('systemctl restart sunk-agent sunk-agent-reader\n  sunk-agent doctor --fix');
      expect(node.exec('getent passwd alice').status).toBe(2);
      expect(readHost()).toEqual(before);
    });

    test('lets alice in once the units have started and doctor has told sshd', async () => {
      must('systemctl restart sunk-agent sunk-agent-reader');
      await eventually(
        'alice has keys',
        () => node.exec('test -s /var/lib/sunk-agent/authorized_keys/alice').status === 0,
      );
      expect(login('alice').status).toBe(255);
      expectSshdToKeepItsDirectory(() => must('sunk-agent doctor --fix'));
      await eventually('alice logs in', () => login('alice').status === 0);
      expect(login('alice', 'id -u').stdout).toBe('10000\n');
      expect(must('sunk-agent --version')).toContain('0.0.9+');
      expect(must('sunk-agent doctor')).toContain('as configured');
    });

    test('is upgraded in the middle of a session, which goes on', async () => {
      const child = node.startSsh('alice', keyFile('alice'), 'while :; do echo tick; sleep 0.2; done');
      session = { ticks: 0, child };
      child.stdout?.on('data', () => (session.ticks += 1));
      await eventually('the session runs', () => session.ticks > 0);
      const ledger = readLedger();
      must('mkdir /etc/slurm && systemctl enable --now sunk-agent-slurm');
      const readWorker = (): string => must('systemctl show -p MainPID -p ActiveState sunk-agent-slurm');
      const worker = readWorker();
      expect(worker).toContain('ActiveState=active');
      const { status, stdout } = installPackage(node, current);
      expect(status, stdout).toBe(0);
      // The worker of the version before would be refused by the agent of this one.
      expect(readWorker()).toContain('ActiveState=active');
      expect(readWorker()).not.toBe(worker);
      must('systemctl disable --now sunk-agent-slurm && rmdir /etc/slurm');
      await expectSession();
      expect(must('sunk-agent --version')).not.toContain('0.0.9');
      await eventually('both units run', isActive);
      expect(login('alice', 'id -u').stdout).toBe('10000\n');
      expect(readLedger()).toEqual(ledger);
      expect(must('sunk-agent doctor')).toContain('as configured');
    });

    test('is downgraded by one build, on a database that a newer one has altered', async () => {
      // What a newer build may do to it: migrations only add.
      must(`systemctl stop sunk-agent-reader sunk-agent && cd /usr/lib/sunk-agent && ./node -e '
        const open = require("better-sqlite3"); const database = open("/var/lib/sunk-agent/cache/mirror.sqlite");
        database.exec("ALTER TABLE binding ADD COLUMN later TEXT; ALTER TABLE record ADD COLUMN later TEXT; CREATE TABLE later (x)");
        database.pragma("user_version = 99")' && systemctl start sunk-agent sunk-agent-reader`);
      const ledger = readLedger();
      const { status, stdout } = installPackage(node, previous);
      expect(status, stdout).toBe(0);
      await expectSession();
      expect(must('sunk-agent --version')).toContain('0.0.9+');
      await eventually('both units run', isActive);
      expect(login('alice', 'id -u').stdout).toBe('10000\n');
      expect(readLedger()).toEqual(ledger);
      // And it goes on working with it.
      const bob = await store.createUser('bob@example.com', publicKey('bob'));
      await store.addMember('slurm-users', bob);
      must('systemctl reload sunk-agent');
      await eventually('bob logs in', () => login('bob').status === 0);
      must('ls /var/lib/sunk-agent/cache/*.damaged-* 2>/dev/null && exit 1 || exit 0');
    });

    test('lets people in after a reboot with the store down', async () => {
      await probe.stop();
      store.suspend();
      await node.restart();
      probe = startProbe(node, 'janitor', keyFile('janitor'));
      expect(login('alice', 'id -u').stdout).toBe('10000\n');
      expect(login('bob').status).toBe(0);
      await eventually('both units run', isActive);
      // The daemon asks at its place among the fleet.
      expect(node.exec('sunk-agent sync').status).toBe(2);
      expect(node.exec('sunk-agent status').status).toBeGreaterThan(0);
      expect(node.exec('sunk-agent status').stdout).toContain('could not be read');
    });

    test('gives sshd back when it is removed, and leaves accounts, homes and the ledger', () => {
      const accounts = readAccounts();
      expectSshdToKeepItsDirectory(() => {
        const { status, stdout } = apt(node, 'remove sunk-agent');
        expect(status, stdout).toBe(0);
      });
      expect(readHost()).toEqual({ ...before, dropIns: expect.any(String) as string });
      expect(must('ls /etc/ssh/sshd_config.d')).not.toContain('sunk-agent');
      expect(readAccounts()).toEqual(accounts);
      must('test -d /home/alice && test -s /var/lib/sunk-agent/cache/mirror.sqlite');
      must('test -s /etc/sunk-agent/config.yaml');
      expect(node.exec('pgrep -f "[s]unk-agent/(cli|reader).js"').status).toBe(1);
      // The keys are no longer served.
      expect(login('alice').status).toBe(255);
      expect(must('systemctl is-system-running')).toBe('running\n');
    });

    test('removes configuration and state when it is purged, having said so, and never an account', () => {
      const accounts = readAccounts();
      const { status, stdout } = apt(node, 'purge sunk-agent');
      expect(status, stdout).toBe(0);
      for (const gone of ['/etc/sunk-agent', '/var/lib/sunk-agent']) {
        expect(stdout).toContain(`purging removes ${gone}`);
        expect(node.exec(`test -e ${gone}`).status).toBe(1);
      }
      expect(readAccounts()).toEqual(accounts);
      must('test -d /home/alice && id alice');
      expect(readHost()).toEqual(before);
      expect(must('systemctl is-system-running')).toBe('running\n');
    });
  });
});
