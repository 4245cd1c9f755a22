// Leaving, on a node with cron, at, logind and sshd: every step in its order and with its time, the hook, and the way back.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installAgent } from '../support/nodes/install.ts';
import { eventually as wait } from '../support/eventually.ts';
import { bootNode, CODE, type LoginNode } from '../support/nodes/node.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
offboarding: { hook: /usr/local/sbin/leave, hook_timeout: 10s }
sync:
  poll: "*/2 * * * * *"
`;

/** Where it runs and for which user; for bob it fails. */
const HOOK = `#!/bin/sh
echo "$SUNK_AGENT_NAME $SUNK_AGENT_UID $SUNK_AGENT_SCIM_ID $(readlink /proc/self/ns/net)" >>/root/left
[ "$SUNK_AGENT_NAME" != bob ]
`;

/** In this order, whatever the reason. */
const STEPS = [
  'keys-remove',
  'account-close',
  'sessions-end',
  'member-remove',
  'member-remove',
  'jobs-disable',
  'hook-run',
];

describeOnNodes('a user who leaves', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;
  const ids = new Map<string, string>();
  let accessGroup: string;

  const keyFile = (name: string): string => path.join(keys, name);
  const login = (user: string, command = 'true') => node.ssh(user, keyFile(user), command);
  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    expect({ command, status, stderr }).toMatchObject({ status: 0 });
    return stdout;
  };
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => node.exec('journalctl -n 30 --no-pager').stdout);
  /** A session of alice. @returns a function that waits for its end and gives the status. */
  const openSession = async (): Promise<() => Promise<number>> => {
    const session = node.startSsh('alice', keyFile('alice'), 'echo here; sleep 1000');
    const exit = once(session, 'exit') as Promise<[number]>;
    await once(session.stdout!, 'data');
    return async () => (await exit)[0];
  };
  /** What was done to a user, the oldest first. */
  const readHistory = (name: string): { kind: string; at: number; problem: string | null }[] => {
    const program = `
      import Database from 'better-sqlite3';
      const history = new Database('/var/lib/sunk-agent/cache/mirror.sqlite', { readonly: true })
        .prepare("SELECT kind, at, problem FROM history WHERE scim_id = ? ORDER BY rowid").all('${ids.get(name) ?? ''}');
      process.stdout.write(JSON.stringify(history));`;
    const file = path.join(node.root, 'root/history.mjs');
    writeFileSync(
      file,
      program.replace("'better-sqlite3'", `'${CODE}/node_modules/better-sqlite3/lib/index.js'`),
    );
    return JSON.parse(run(`${CODE}/node_modules/.bin/node /root/history.mjs`)) as ReturnType<
      typeof readHistory
    >;
  };

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'offboarding-'));
    for (const name of ['alice', 'bob'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
    node = await bootNode(
      'bookworm',
      (root) => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        mkdirSync(path.join(root, 'usr/local/sbin'), { recursive: true });
        writeFileSync(path.join(root, 'usr/local/sbin/leave'), HOOK, { mode: 0o755 });
      },
      ['at', 'cron'],
    );
    store = await startStore(node);
    for (const name of ['alice', 'bob'])
      ids.set(
        name,
        await store.createUser(`${name}@example.com`, readFileSync(`${keyFile(name)}.pub`, 'utf8').trim()),
      );
    const everyone = [...ids.values()];
    await store.createGroup('slurm-admins', everyone.slice(0, 1));
    accessGroup = await store.createGroup('slurm-users', everyone);
    await eventually('alice and bob log in', () => login('alice').status === 0 && login('bob').status === 0);
    await eventually('alice has sudo', () => login('alice', 'sudo -n true').status === 0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('loses keys, account, sessions, groups and jobs, in this order, and then the hook runs in a unit of its own', async () => {
    run('echo "0 5 * * * true" | crontab -u alice -');
    run('echo true | su alice -c "at now + 1 day"');
    run('loginctl enable-linger alice');
    const own = `install -d -o alice -m 700 ~alice/.ssh && install -o alice -m 600 /dev/stdin ~alice/.ssh/authorized_keys`;
    run(`echo '${readFileSync(`${keyFile('alice')}.pub`, 'utf8').trim()}' | { ${own}; }`);
    expect(run('atq')).toContain('alice');
    const ended = await openSession();
    await store.setActive(ids.get('alice') ?? '', 'False');
    await eventually('the hook ran', () => node.exec('grep -q ^alice /root/left').status === 0);
    expect(await ended()).toBe(255);
    expect(run('cat /root/left')).toBe(
      `alice 10000 ${ids.get('alice') ?? ''} ${run('readlink /proc/1/ns/net')}`,
    );
    await eventually('it is in the history', () =>
      readHistory('alice').some(({ kind }) => kind === 'hook-run'),
    );
    const steps = readHistory('alice').filter(({ kind }) => !/create|write|add/.test(kind));
    expect(steps.map(({ kind }) => kind)).toEqual(STEPS);
    expect(steps.map(({ problem }) => problem)).toEqual(steps.map(() => null));
    expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort((a, b) => a - b));
  });

  test('cannot come in, neither by a key of their own nor by cron, and nothing of theirs runs', async () => {
    expect(login('alice').status).toBe(255);
    expect(node.exec('crontab -l -u alice').status).toBe(1);
    expect(run('atq')).toBe('');
    expect(node.exec('ls /var/lib/systemd/linger').stdout).toBe('');
    await eventually('no process is left', () => node.exec('pgrep -u alice').status === 1);
    expect(node.exec('sudo -l -U alice').stdout).toContain('not allowed');
    expect(run('getent passwd alice')).toMatch(/:10000:9999:.*:\/usr\/sbin\/nologin$/m);
    expect(run('id -gn alice')).toBe('sunk-users\n');
    run('useradd --help >/dev/null; pwck -r -q; true');
  });

  test('whose hook fails is revoked all the same, and the failure is told once', async () => {
    await store.setActive(ids.get('bob') ?? '', 'False');
    await eventually('it is told', () => readHistory('bob').some(({ kind }) => kind === 'hook-run'));
    expect(login('bob').status).toBe(255);
    await sleep(5000);
    const hooks = readHistory('bob').filter(({ kind }) => kind === 'hook-run');
    expect(hooks).toMatchObject([{ problem: 'the hook /usr/local/sbin/leave: it ended with status 1' }]);
  });

  test('and comes back has the same uid, groups, home and jobs', async () => {
    await store.setActive(ids.get('alice') ?? '', 'True');
    await eventually('alice logs in', () => login('alice').status === 0);
    await eventually('alice has sudo', () => login('alice', 'sudo -n true').status === 0);
    expect(login('alice', 'id -u; pwd; id -Gn | tr " " "\\n" | sort').stdout).toBe(
      '10000\n/home/alice\nslurm-admins\nslurm-users\nsunk-users\n',
    );
    expect(run('crontab -l -u alice')).toContain('0 5 * * * true');
    expect(run('atq')).toContain('alice');
    expect(node.exec('ls /var/lib/systemd/linger').stdout).toBe('alice\n');
    expect(node.exec('ls /var/lib/sunk-agent/offboarded').stdout.trim()).toBe('10001');
  });

  test('loses the last access group alone is revoked in the same way', async () => {
    const before = readHistory('alice').length;
    const ended = await openSession();
    await store.request('PATCH', `/Groups/${accessGroup}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Remove', path: `members[value eq "${ids.get('alice') ?? ''}"]` }],
    });
    const steps = () => readHistory('alice').slice(before);
    await eventually('the hook ran', () => steps().some(({ kind }) => kind === 'hook-run'));
    expect(await ended()).toBe(255);
    expect(steps().map(({ kind, problem }) => [kind, problem])).toEqual(STEPS.map((kind) => [kind, null]));
    expect(login('alice').status).toBe(255);
    expect(run('getent passwd alice')).toMatch(/:10000:9999:.*:\/usr\/sbin\/nologin$/m);
    expect(run('cat /root/left')).toMatch(/^(alice .*\n)(bob .*\n)\1$/);
  });

  test('and stays away loses the line when accounts.retention is over; the uid stays bound, and comes back with them', async () => {
    run('echo mine >/home/bob/mine');
    run("sed -i 's/^accounts:/accounts:\\n  retention: 1s/' /etc/sunk-agent/config.yaml");
    run('systemctl restart sunk-agent');
    await eventually('bob has no line', () => node.exec('getent passwd bob').status === 2);
    expect(node.exec('grep -h "\\bbob\\b" /etc/passwd /etc/shadow /etc/group /etc/gshadow').stdout).toBe('');
    expect(login('bob').status).toBe(255);
    const newcomer = await store.createUser(
      'carol@example.com',
      readFileSync(`${keyFile('alice')}.pub`, 'utf8').trim(),
    );
    await store.addMember('slurm-users', newcomer);
    await eventually('carol has a line', () => node.exec('getent passwd carol').status === 0);
    expect(run('id -u carol')).not.toBe('10001\n');

    await store.setActive(ids.get('bob') ?? '', 'True');
    await eventually('bob logs in', () => login('bob').status === 0);
    expect(login('bob', 'id -u; pwd; cat mine').stdout).toBe('10001\n/home/bob\nmine\n');
  });
});
