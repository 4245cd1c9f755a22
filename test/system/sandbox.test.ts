// The units as the package ships them: what they must not be able to do fails, tried with native code from inside, and all else works.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RESERVE_BYTES } from '../../src/host/fs/reserve.ts';
import { type Release, RELEASES } from '../support/nodes/base.ts';
import { eventually } from '../support/eventually.ts';
import { bootNode, CODE, type LoginNode } from '../support/nodes/node.ts';
import { buildForHere, installPackage } from '../support/nodes/packages.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, PORT, type Store, startStore } from '../support/nodes/store.ts';

/** The life-cycle runs the units on all releases each time. */
const TESTED: readonly Release[] = process.env['NIGHTLY'] === undefined ? ['bookworm'] : RELEASES;

type Outcomes = Readonly<Record<string, string>>;

/** What succeeds, which shows that the rest fails for a reason. */
const ALLOWED = {
  reader: ['connect', 'connect from Node', 'read /etc/passwd'],
  agent: ['socket AF_UNIX', 'write /etc/escape', 'write /home/escape', 'read /etc/shadow'],
};

describeOnNodes('the sandbox', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'sandbox-'));
  const key = path.join(directory, 'alice');
  let file: string;

  beforeAll(async () => {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    file = await buildForHere();
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  describe.each(TESTED)('on %s', (release) => {
    let node: LoginNode;
    let store: Store;

    const must = (command: string): string => {
      const { status, stdout, stderr } = node.exec(command);
      if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
      return stdout.trim();
    };
    const show = (unit: string, property: string): string => must(`systemctl show -P ${property} ${unit}`);
    const login = (command: string) => node.ssh('alice', key, command);
    beforeAll(async () => {
      node = await bootNode(release);
      store = await startStore(node);
      const alice = await store.createUser('alice@example.com', readFileSync(`${key}.pub`, 'utf8').trim());
      for (const group of ['slurm-users', 'slurm-admins']) await store.createGroup(group, [alice]);
      const { status, stdout } = installPackage(node, file);
      expect(status, stdout).toBe(0);
      // Homes lie on another mount, as on a cluster.
      must('mkdir -p /mnt/home && mount -t tmpfs -o mode=755 none /mnt/home');
      must(
        `echo ${store.readToken} | sunk-agent init --base-url ${BASE_URL} --token-file - --group slurm-users --sudo-group slurm-admins --enforce`,
      );
      must("sed -i 's|home: /home/%u|home: /mnt/home/%u|' /etc/sunk-agent/config.yaml");
      must(`printf 'sync: { poll: "0 0 0 1 1 *", full: "0 0 1 1 *" }\n' >>/etc/sunk-agent/config.yaml`);
      must('systemctl restart sunk-agent sunk-agent-reader');
      await eventually(
        'alice has keys and sudo',
        () =>
          node.exec('test -s /var/lib/sunk-agent/authorized_keys/alice && test -s /etc/sudoers.d/sunk-agent')
            .status === 0,
      );
      // The way in for the day the agent locks everyone out, without which doctor warns.
      must(
        `install -d -m 700 /root/.ssh && echo '${readFileSync(`${key}.pub`, 'utf8').trim()}' >/root/.ssh/authorized_keys`,
      );
      must('sunk-agent doctor --fix');
    });
    afterAll(async () => {
      await store?.stop();
      await node?.stop();
    });

    test('lets through what the agent is for: homes on another mount, sudo, sessions and names', () => {
      const { status, stdout, stderr } = login('pwd && id -un && sudo -n id -un && touch mine');
      expect({ status, lines: stdout.trim().split('\n') }, stderr).toEqual({
        status: 0,
        lines: ['/mnt/home/alice', 'alice', 'root'],
      });
      expect(must('stat -c %U:%a /mnt/home/alice')).toBe('alice:700');
      expect(must('visudo -c')).toContain('parsed OK');
      // Room on the disk, really taken.
      const [owner, mode, size, blocks] = must('stat -c "%U %a %s %b" /var/lib/sunk-agent/reserve').split(
        ' ',
      );
      expect([owner, mode, Number(size)]).toEqual(['root', '600', RESERVE_BYTES]);
      expect(Number(blocks) * 512).toBeGreaterThanOrEqual(RESERVE_BYTES);
    });

    test('makes a reload an immediate look at the store', async () => {
      const bob = await store.createUser('bob@example.com', readFileSync(`${key}.pub`, 'utf8').trim());
      await store.addMember('slurm-users', bob);
      must('systemctl reload sunk-agent');
      // The schedule of this configuration is once a year.
      await eventually('bob has an account', () => node.exec('id bob').status === 0);
    });

    test('ends an agent that is stuck, and starts it again', async () => {
      must('mkdir -p /etc/systemd/system/sunk-agent.service.d');
      must('printf "[Service]\\nWatchdogSec=3s\\n" >/etc/systemd/system/sunk-agent.service.d/test.conf');
      must('systemctl daemon-reload && systemctl restart sunk-agent');
      const before = show('sunk-agent', 'MainPID');
      must(`kill -STOP ${before}`);
      await eventually('it is another process', () => !['0', before].includes(show('sunk-agent', 'MainPID')));
      expect(must('journalctl -u sunk-agent --no-pager')).toMatch(/[Ww]atchdog/);
      must('rm /etc/systemd/system/sunk-agent.service.d/test.conf && systemctl daemon-reload');
      must('systemctl restart sunk-agent');
      expect(login('true').status).toBe(0);
    });

    test.each([
      ['sunk-agent', 2],
      ['sunk-agent-reader', 1],
    ])('limits what %s takes, and starts it again with growing pauses', (unit, gibibytes) => {
      expect(show(unit, 'MemoryMax')).toBe(String(gibibytes * 2 ** 30));
      const limits = must(`cat /proc/${show(unit, 'MainPID')}/limits`);
      expect(limits).toMatch(/^Max core file size +0 +0 /m);
      expect(limits).toMatch(/^Max open files +(?:1024|16384) /m);
      expect(Number(show(unit, 'TasksMax'))).toBeLessThanOrEqual(256);
      // No number of failures in a row ends the attempts.
      expect(show(unit, 'StartLimitIntervalUSec')).toBe('0');
      // systemd 254 and later.
      if (release === 'trixie') expect(show(unit, 'RestartMaxDelayUSec')).toBe('1min');
    });

    test('gives the token to the reader alone', () => {
      const pid = show('sunk-agent-reader', 'MainPID');
      expect(must(`cat /proc/${pid}/root/run/credentials/sunk-agent-reader.service/scim-token`)).toBe(
        store.readToken,
      );
      const agent = show('sunk-agent', 'MainPID');
      expect(must(`tr '\\0' '\\n' </proc/${agent}/environ`)).not.toContain('CREDENTIALS_DIRECTORY');
      expect(
        node.exec(`grep -rs ${store.readToken} /proc/${agent}/environ /proc/${agent}/cmdline`).status,
      ).toBe(1);
    });

    /** Runs escape.ts in place of the unit's program. @param more lines of the drop-in. */
    async function tryEscapes(who: keyof typeof ALLOWED, more = ''): Promise<Outcomes | string> {
      const unit = who === 'agent' ? 'sunk-agent' : 'sunk-agent-reader';
      const other = show(who === 'agent' ? 'sunk-agent-reader' : 'sunk-agent', 'MainPID');
      const dropIn = `/etc/systemd/system/${unit}.service.d`;
      const lines = `[Service]
Type=exec
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/lib/sunk-agent/node ${CODE}/test/support/nodes/escape.ts ${who} ${other} ${PORT}
StandardOutput=file:/var/log/escape
StandardError=file:/var/log/escape-errors
${more}`;
      must(`mkdir -p ${dropIn} && cat >${dropIn}/escape.conf <<'END'\n${lines}\nEND`);
      must(`rm -f /var/log/escape* && systemctl daemon-reload && systemctl restart ${unit}`);
      await eventually(
        'it has tried everything',
        () => node.exec(`systemctl is-active -q ${unit}`).status !== 0,
      );
      const said = must('cat /var/log/escape');
      const errors = must('cat /var/log/escape-errors');
      must(`rm ${dropIn}/escape.conf && systemctl daemon-reload && systemctl restart sunk-agent ${unit}`);
      return said === '' ? errors : (JSON.parse(said) as Outcomes);
    }

    test('keeps the reader from the shadow file, from writing, from programs and from other processes', async () => {
      const outcomes = await tryEscapes('reader', 'ExecPaths=/usr/lib/sunk-agent/node_modules');
      const done = Object.entries(outcomes).filter(([, outcome]) => outcome === 'done');
      expect(done.map(([name]) => name).sort(), JSON.stringify(outcomes)).toEqual(ALLOWED.reader);
      expect(outcomes).toMatchObject({
        'read /etc/shadow': 'EACCES',
        'write /tmp/escape': 'EROFS',
        'trace pid 1': 'EPERM',
        'read the memory of the other process': 'EPERM',
        'signal the other process': 'EPERM',
        'start /bin/sh': 'EACCES',
        'start /bin/sh from Node': 'EACCES',
      });
    });

    test('keeps native code from the reader in the first place', async () => {
      expect(await tryEscapes('reader')).toContain('koffi');
    });

    test('keeps the agent from connecting to anything', async () => {
      const outcomes = await tryEscapes('agent');
      const done = Object.entries(outcomes).filter(([, outcome]) => outcome === 'done');
      expect(done.map(([name]) => name).sort(), JSON.stringify(outcomes)).toEqual(ALLOWED.agent.toSorted());
      expect(outcomes).toMatchObject({
        connect: 'EAFNOSUPPORT',
        'connect from a shell': 'refused',
        'join the network of pid 1': 'EACCES',
        'write /etc/systemd/system/escape': 'EROFS',
      });
      must('rm /etc/escape /home/escape');
    });

    if (release === 'bookworm') {
      test('exposes as little as promised, by systemd’s own measure', () => {
        const exposure = (unit: string): number =>
          Number(/: ([0-9.]+) /.exec(must(`systemd-analyze security --no-pager ${unit} | tail -n 1`))?.[1]);
        expect(exposure('sunk-agent.service')).toBeLessThanOrEqual(2);
        expect(exposure('sunk-agent-reader.service')).toBeLessThanOrEqual(1.5);
      });
    }
  });
});
