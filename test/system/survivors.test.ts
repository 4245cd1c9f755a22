// Revocation of people whose programs are built to outlive it: each kind ends, and those of other people go on.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import {
  findAlive,
  installSurvivor,
  type Mode,
  startSurvivor,
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
limits: { max_loss: { at_least: 10 } }
sync:
  poll: "* * * * * *"
`;

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin'];

describeOnNodes('what is built to outlive a revocation', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;
  const ids = new Map<string, string>();

  const keyFile = (name: string): string => path.join(keys, name);
  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    expect({ command, status, stdout, stderr }).toMatchObject({ status: 0 });
    return stdout;
  };
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => node.exec('sunk-agent status; journalctl -n 20 --no-pager').stdout);
  const as = (name: string): string => {
    const uid = run(`id -u ${name}`).trim();
    return `setpriv --reuid=${uid} --regid=9999 --clear-groups`;
  };
  const history = (name: string): string => node.exec(`sunk-agent history --user ${name}`).stdout;
  const revoke = (name: string): Promise<void> => store.setActive(ids.get(name) ?? '', 'False');

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'survivors-'));
    for (const name of NAMES)
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
    node = await bootNode('bookworm', (root) => {
      installAgent(root, { config: CONFIG, token: TOKEN });
      installSurvivor(root);
      // It runs in the slice of the person while their processes are killed, on a busy node.
      const slow = path.join(root, 'etc/systemd/system/user-runtime-dir@.service.d/slow.conf');
      mkdirSync(path.dirname(slow), { recursive: true });
      writeFileSync(
        slow,
        '[Service]\nExecStop=\nExecStop=sleep 1\nExecStop=/lib/systemd/systemd-user-runtime-dir stop %i\n',
      );
    });
    store = await startStore(node);
    for (const name of NAMES)
      ids.set(
        name,
        await store.createUser(`${name}@example.com`, readFileSync(`${keyFile(name)}.pub`, 'utf8').trim()),
      );
    await store.createGroup('slurm-admins', [ids.get('alice') ?? '']);
    await store.createGroup('slurm-users', [...ids.values()]);
    await eventually('all have accounts and keys', () =>
      NAMES.every((name) => node.exec(`test -s /var/lib/sunk-agent/authorized_keys/${name}`).status === 0),
    );
    await eventually('alice has sudo', () => node.exec('test -s /etc/sudoers.d/sunk-agent').status === 0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('ends, whatever name, threads, uids or children it has, and root shells of the session with it', async () => {
    const modes: Mode[] = ['name', 'leader', 'chain', 'killer', 'thousand'];
    for (const mode of modes.filter((one) => one !== 'killer')) startSurvivor(node, mode, mode, as('alice'));
    run('echo alice:200000:65536 >/etc/subuid');
    startSurvivor(node, 'stay', 'subordinate', 'setpriv --reuid=200007 --regid=200007 --clear-groups');
    startSurvivor(node, 'chain', 'subordinate-chain', 'setpriv --reuid=200008 --regid=200008 --clear-groups');
    run('install -o alice -m 4755 /usr/local/bin/survivor /var/tmp/copy');
    run(`umask 0; ${as('bob')} /var/tmp/copy stay /tmp/beat-copy </dev/null >/dev/null 2>&1`);
    startSurvivor(node, 'stay', 'others', as('bob'));
    startSurvivor(node, 'stay', 'system', 'setpriv --reuid=65534 --regid=65534 --clear-groups');
    startSurvivor(node, 'stay', 'root', '');
    const session = node.startSsh(
      'alice',
      keyFile('alice'),
      `sudo -n ${survivorCommand('chain', 'root-chain')}; sudo -n ${survivorCommand('stay', 'root-shell')}; sleep 1000`,
    );
    await eventually('root shells run', () => node.exec('test -e /tmp/beat-root-shell').status === 0);
    const hers = [
      ...modes.filter((one) => one !== 'killer'),
      'subordinate',
      'subordinate-chain',
      'copy',
      'root-chain',
      'root-shell',
    ];
    expect(await findAlive(node, hers)).toEqual(hers);

    await revoke('alice');
    await eventually('it is told', () => history('alice').includes('sessions'));
    expect(await findAlive(node, [...hers, 'others', 'system', 'root'])).toEqual([
      'others',
      'system',
      'root',
    ]);
    expect(history('alice')).not.toContain('outlived');
    await eventually('her connection is closed', () => (session.exitCode ?? session.signalCode) !== null);
    expect(node.exec('mountpoint -q /run/user/$(id -u alice)').status).not.toBe(0);
    expect(run('systemctl list-units --failed --plain --no-legend')).toBe('');
    expect(run('systemctl is-system-running')).toBe('running\n');
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
  });

  test('ends also if it kills every process of its uid first', async () => {
    startSurvivor(node, 'killer', 'killer', as('erin'));
    expect(await findAlive(node, ['killer'])).toEqual(['killer']);
    await revoke('erin');
    await eventually('it is told', () => history('erin').includes('sessions'));
    expect(await findAlive(node, ['killer', 'others'])).toEqual(['others']);
  });

  test('is named with its service where that starts it again, delays no one, and is shown until it is gone', async () => {
    run(`printf '[Service]\nType=forking\nUser=carol\nExecStart=${survivorCommand('stay', 'service')}\nRestart=always\nRestartSec=300ms\nStartLimitBurst=100000\n' >/run/systemd/system/keeper.service
      systemctl start keeper`);
    startSurvivor(node, 'chain', 'dave', as('dave'));
    await Promise.all([revoke('carol'), revoke('dave')]);
    await eventually('both are told', () =>
      ['carol', 'dave'].every((name) => history(name).includes('sessions')),
    );
    expect(await findAlive(node, ['dave'])).toEqual([]);
    await eventually('it is named', () =>
      node.exec('sunk-agent status').stdout.includes('keeper.service runs as carol'),
    );
    expect(node.exec('sunk-agent status').status).toBe(2);
    run('systemctl stop keeper');
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
    expect(await findAlive(node, ['service', 'others'])).toEqual(['others']);
  });
});
