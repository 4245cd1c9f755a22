// Ways out of a session that shells and services offer: what a person left running there ends with the access.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { SSH_OPTIONS } from '../support/nodes/ssh-options.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import {
  findAlive,
  installSurvivor,
  type Mode,
  survivorCommand,
} from '../support/nodes/survivor/survivors.ts';
import { describeOnNodes } from '../support/requirements.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
limits: { max_loss: { share: 1, at_least: 100 }, max_gain: { enabled_again: 1, sudo: 100 } }
sync:
  poll: "* * * * * *"
`;
const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
const MODES: readonly Mode[] = ['brackets', 'traced', 'waiting', 'nested'];

/** Touches the file of a label, as a survivor does, for as long as its shell lives. */
const beat = (label: string): string =>
  `sh -c 'umask 0; while :; do touch /tmp/beat-${label}; sleep 0.05; done'`;

describeOnNodes('what a person left running', () => {
  const keys = mkdtempSync(path.join(tmpdir(), 'escapes-'));
  let node: LoginNode;
  let store: Store;
  const ids = new Map<string, string>();

  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const login = (name: string, command = 'true') => node.ssh(name, path.join(keys, name), command);
  const as = (name: string, command: string): void => {
    const { status, stdout, stderr } = login(name, `${command} </dev/null >/dev/null 2>/tmp/said-$$`);
    if (status !== 0)
      throw new Error(
        `${name}: ${command} ended with ${status}: ${stdout}${stderr}${node.exec('tail -n 3 /tmp/said-*').stdout}`,
      );
  };
  const status = (): string => node.exec('sunk-agent status').stdout;
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => `${status()}${node.exec('journalctl -n 30 --no-pager').stdout}`);
  const history = (name: string): string => node.exec(`sunk-agent history --user ${name}`).stdout;
  const awaitBeats = (labels: readonly string[]): Promise<void> =>
    eventually(`all run: ${labels.join()}`, () =>
      labels.every((label) => node.exec(`test -e /tmp/beat-${label}`).status === 0),
    );
  const revoke = async (name: string): Promise<void> => {
    await store.setActive(ids.get(name) ?? '', 'False');
    await eventually('it is told', () => history(name).includes('sessions-end'));
  };

  beforeAll(async () => {
    for (const name of NAMES)
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(keys, name)]);
    node = await bootNode(
      'bookworm',
      (root) => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        installSurvivor(root);
      },
      ['at', 'cron', 'incron'],
    );
    store = await startStore(node);
    for (const name of NAMES) {
      const key = readFileSync(path.join(keys, `${name}.pub`), 'utf8').trim();
      ids.set(name, await store.createUser(`${name}@example.com`, key));
    }
    await store.createGroup('slurm-admins', [ids.get('alice') ?? '']);
    await store.createGroup('slurm-users', [...ids.values()]);
    await eventually('all log in', () => NAMES.every((name) => login(name).status === 0));
    await eventually('alice has sudo', () => login('alice', 'sudo -n true').status === 0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('in namespaces, traced, in units and timers of a user manager that lingers, and over a connection without a shell', async () => {
    run('loginctl enable-linger bob');
    for (const mode of MODES) as('bob', survivorCommand(mode, mode));
    as('bob', `systemd-run --user --unit=keep -p Restart=always -p RestartSec=100ms ${beat('unit')}`);
    as(
      'bob',
      `systemd-run --user --on-active=1 --on-unit-active=1 --timer-property=AccuracySec=100ms ${survivorCommand('stay', 'timer')}`,
    );
    as('bob', `setsid -f systemd-run --user --scope ${survivorCommand('chain', 'scope')}`);
    as('bob', `setsid -f unshare --user --map-root-user --pid --fork --mount-proc ${beat('unshared')}`);
    const forward = ['-N', '-L', '7777:127.0.0.1:22', '-M', '-S', path.join(keys, 'socket')];
    const open = node.startInNetwork([
      'ssh',
      ...SSH_OPTIONS,
      ...forward,
      '-i',
      path.join(keys, 'bob'),
      'bob@127.0.0.1',
    ]);
    const his = [...MODES, 'unit', 'timer', 'scope', 'unshared'];
    await awaitBeats(his);
    await eventually(
      'the port is forwarded',
      () =>
        node.runInNetwork([
          'bash',
          '-c',
          'read -t 5 line </dev/tcp/127.0.0.1/7777 && [ "${line#SSH}" != "$line" ]',
        ]).status === 0,
    );
    as('carol', survivorCommand('stay', 'others'));
    expect(await findAlive(node, [...his, 'others'])).toEqual([...his, 'others']);
    await revoke('bob');
    expect(await findAlive(node, [...his, 'others'])).toEqual(['others']);
    await eventually('the connection is closed', () => open.exitCode !== null || open.signalCode !== null);
    expect(node.exec('ps -u bob -o pid,stat,args --no-headers').stdout).toBe('');
    expect(node.exec('test -e /var/lib/systemd/linger/bob').status).not.toBe(0);
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
    expect(await findAlive(node, [...his])).toEqual([]);
  });

  test('as a set-uid copy that a friend starts after the access is gone: the next decision ends it', async () => {
    run('install -o bob -m 4755 /usr/local/bin/survivor /var/tmp/copy');
    for (const label of ['copy-one', 'copy-two']) {
      as('carol', `/var/tmp/copy chain /tmp/beat-${label}`);
      // Without news of the store the daemon looks again within a quarter of an hour.
      node.exec('sunk-agent sync');
      const isStill = `test -z "$(find /tmp/beat-${label} -newermt '-1 second')"`;
      await eventually('it is ended', () => node.exec(isStill).status === 0);
      expect(await findAlive(node, [label, 'others'])).toEqual(['others']);
    }
  });

  test('in a table of incron, which starts nothing any more', async () => {
    run(
      'echo dave >>/etc/incron.allow; mkdir -p /srv/drop /srv/seen; chmod 1777 /srv/drop /srv/seen; systemctl start incron',
    );
    as('dave', `sh -c 'echo "/srv/drop IN_CREATE /usr/bin/touch /srv/seen/dave" | incrontab -'`);
    await eventually('incron works', () => {
      run('touch /srv/drop/$(date +%N)');
      return node.exec('test -e /srv/seen/dave').status === 0;
    });
    await revoke('dave');
    await eventually('it is taken', () => node.exec('ls /var/spool/incron').stdout === '');
    run('rm -f /srv/seen/dave; touch /srv/drop/after; sleep 1');
    expect(node.exec('test -e /srv/seen/dave').status).not.toBe(0);
  });

  test('as root or another user: through sudo, su, at, in the background and in scopes of the system', async () => {
    as('alice', `sudo -n -b setsid ${survivorCommand('stay', 'background')}`);
    as('alice', `sudo -n nohup setsid -f ${beat('nohup')}`);
    as('alice', `sudo -n systemd-run --scope ${survivorCommand('chain', 'root-scope')}`);
    as('alice', `sudo -n -u carol ${survivorCommand('stay', 'as-carol')}`);
    as('alice', `sudo -n su carol -c '${survivorCommand('stay', 'su')}'`);
    as(
      'alice',
      `sudo -n sh -c 'echo $$ >/sys/fs/cgroup/system.slice/cgroup.procs; ${survivorCommand('stay', 'moved')}'`,
    );
    as('alice', `sudo -n sh -c 'echo "${survivorCommand('stay', 'at-job')}" | at now + 2 minutes'`);
    const hers = ['background', 'nohup', 'root-scope', 'as-carol', 'su', 'moved'];
    await awaitBeats(hers);
    expect(await findAlive(node, [...hers, 'others'])).toEqual([...hers, 'others']);
    await revoke('alice');
    expect(await findAlive(node, [...hers, 'others'])).toEqual(['others']);
    expect(node.exec('find /var/spool/cron/atjobs -type f ! -name .SEQ').stdout).toBe('');
    await store.setActive(ids.get('alice') ?? '', 'True');
    await eventually('she is back', () => login('alice').status === 0);
    expect(node.exec('find /var/spool/cron/atjobs -type f ! -name .SEQ').stdout).toBe('');
    expect(run('cat /home/alice/sunk-agent-jobs-*')).toContain('it would run as root');
  });

  test('in a service of the system that a timer will start: it is named until the timer is gone', async () => {
    run(`printf '[Service]\nUser=carol\nExecStart=/usr/bin/touch /tmp/by-timer\n' >/run/systemd/system/report.service
      printf '[Timer]\nOnCalendar=*-*-* 04:00:00\n[Install]\nWantedBy=timers.target\n' >/run/systemd/system/report.timer
      systemctl daemon-reload; systemctl start report.timer`);
    // A busy systemd answers late: that is not the answer that there are no timers.
    node.signalSystemd('SIGSTOP');
    try {
      await revoke('carol');
      await eventually('it is not known', () => status().includes('systemd did not answer in time'));
      expect(node.exec('sunk-agent status').status).toBe(2);
    } finally {
      node.signalSystemd('SIGCONT');
    }
    const named =
      'report.service runs as carol whenever report.timer starts it: systemctl disable --now report.timer';
    await eventually('it is named', () => status().includes(named));
    expect(node.exec('sunk-agent status').status).toBe(2);
    run('systemctl stop report.timer');
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
  });
});
