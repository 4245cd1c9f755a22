// What a person loses on a node, whatever the node has against them, and what is not taken from others.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';
import { findAlive, installSurvivor, survivorCommand } from '../support/nodes/survivor/survivors.ts';
import { describeOnNodes } from '../support/requirements.ts';

const PERSON = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const CONFIG = `scim:
  base_url: ${BASE_URL}
  attributes: { gid: "${PERSON}:gid" }
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts:
  domains: [example.com]
  id_range: [10000, 59999]
offboarding: { hook: /usr/local/sbin/leave }
limits: { max_loss: { at_least: 10 } }
sync:
  poll: "* * * * * *"
`;

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin'];
const FIRST_GID = 30_000;

describeOnNodes('a revocation', () => {
  let keys: string;
  let node: LoginNode;
  let store: Store;
  let admins: string;
  const ids = new Map<string, string>();

  const keyFile = (name: string): string => path.join(keys, name);
  const run = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    expect({ command, status, stderr }).toMatchObject({ status: 0 });
    return stdout;
  };
  const login = (name: string, command = 'true') => node.ssh(name, keyFile(name), command);
  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => node.exec('sunk-agent status; journalctl -n 20 --no-pager').stdout);
  const setActive = (name: string, active: 'True' | 'False'): Promise<void> =>
    store.setActive(ids.get(name) ?? '', active);
  const patch = (resource: string, operation: object) =>
    store.request('PATCH', resource, { schemas: [PATCH], Operations: [operation] });
  const isDisabled = (name: string): boolean =>
    node.exec(`getent passwd ${name} | grep -q nologin && getent shadow ${name} | cut -d: -f8 | grep -qx 1`)
      .status === 0;

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'revocation-'));
    for (const name of NAMES)
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
    node = await bootNode(
      'bookworm',
      (root) => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        installSurvivor(root);
        mkdirSync(path.join(root, 'usr/local/sbin'), { recursive: true });
        const hook = '#!/bin/sh\necho "$SUNK_AGENT_NAME" >>/root/left\n';
        writeFileSync(path.join(root, 'usr/local/sbin/leave'), hook, { mode: 0o755 });
      },
      ['at', 'cron'],
    );
    store = await startStore(node);
    for (const [n, name] of NAMES.entries()) {
      const key = readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
      const id = await store.createUser(`${name}@example.com`, key);
      ids.set(name, id);
      await patch(`/Users/${id}`, { op: 'Add', path: `${PERSON}:gid`, value: FIRST_GID + n });
    }
    admins = await store.createGroup('slurm-admins', [ids.get('alice') ?? '', ids.get('bob') ?? '']);
    await store.createGroup('slurm-users', [...ids.values()]);
    await eventually('all log in', () => NAMES.every((name) => login(name).status === 0));
    await eventually('alice has sudo', () => login('alice', 'sudo -n true').status === 0);
  });
  afterAll(async () => {
    await store?.stop();
    await node?.stop();
    rmSync(keys, { recursive: true, force: true });
  });

  test('of sudo alone counts in open sessions, ends those with a root shell, and no other', async () => {
    const shells = ['chain', 'stay'].map(
      (mode) => `sudo -n ${survivorCommand(mode as 'chain' | 'stay', `root-${mode}`)}`,
    );
    const withRoot = node.startSsh('alice', keyFile('alice'), `${shells.join('; ')}; sleep 1000`);
    const ask = 'sudo -n id -un >/tmp/asked 2>&1';
    const asking = `${ask}; until test -e /tmp/ask-again; do sleep 0.1; done; ${ask}; sleep 1000`;
    const plain = node.startSsh('alice', keyFile('alice'), asking);
    const others = node.startSsh(
      'bob',
      keyFile('bob'),
      `sudo -n ${survivorCommand('stay', 'of-bob')}; sleep 1000`,
    );
    await eventually('root shells run', () =>
      ['root-chain', 'root-stay', 'of-bob'].every(
        (label) => node.exec(`test -e /tmp/beat-${label}`).status === 0,
      ),
    );
    await eventually('the plain session has sudo', () => node.exec('grep -qx root /tmp/asked').status === 0);
    expect(node.exec('sudo -l -U alice').stdout).toContain('NOPASSWD: ALL');

    await patch(`/Groups/${admins}`, { op: 'Remove', path: `members[value eq "${ids.get('alice') ?? ''}"]` });
    await eventually('it is told', () =>
      node.exec('sunk-agent history --user alice').stdout.includes('root-shells-end'),
    );
    expect(node.exec('sudo -l -U alice').stdout).toContain('not allowed');
    expect(await findAlive(node, ['root-chain', 'root-stay', 'of-bob'])).toEqual(['of-bob']);
    run('touch /tmp/ask-again');
    await eventually('the next sudo is refused', () => node.exec('grep -q password /tmp/asked').status === 0);
    expect(withRoot.exitCode ?? withRoot.signalCode ?? 'open').not.toBe('open');
    expect([plain, others].map(({ exitCode, signalCode }) => exitCode ?? signalCode ?? 'open')).toEqual([
      'open',
      'open',
    ]);
    expect(login('alice', 'sudo -n true').status).not.toBe(0);
    expect(login('bob', 'sudo -n true').status).toBe(0);
    expect(node.exec('sunk-agent status')).toMatchObject({ status: 0 });
    for (const session of [plain, others]) session.kill('SIGKILL');
  });

  test('reaches a person whose identity this node refuses now, as anyone: account, sessions, jobs, hook', async () => {
    for (const name of ['carol', 'dave']) {
      node.startSsh(name, keyFile(name), `${survivorCommand('chain', name)}; sleep 1000`);
      run(`echo true | su ${name} -s /bin/sh -c 'at now + 1 day' 2>&1`);
    }
    await eventually('both run', () =>
      ['carol', 'dave'].every((name) => node.exec(`test -e /tmp/beat-${name}`).status === 0),
    );
    // The gid has a group already, which sunk-agent made for it.
    run(`groupadd -o -g ${FIRST_GID + 2} theirs`);
    run('useradd -o -u "$(id -u dave)" -M ops');
    await eventually('both are refused', () => {
      const { stdout } = node.exec('sunk-agent plan');
      return /gid .* local group/.test(stdout) && /a local account has the uid/.test(stdout);
    });
    for (const name of ['carol', 'dave']) await setActive(name, 'False');
    await eventually('both are disabled', () => isDisabled('carol') && isDisabled('dave'));
    await eventually('the hook ran', () =>
      /carol[^]*dave|dave[^]*carol/.test(node.exec('cat /root/left').stdout),
    );
    expect(await findAlive(node, ['carol', 'dave'])).toEqual([]);
    expect(run('atq')).toBe('');
    expect(run('getent group theirs sudo')).toMatch(/^theirs:x:30002:\nsudo:/);
    expect(run('getent passwd ops')).not.toContain('nologin');
    expect(node.exec('sunk-agent status')).toMatchObject({ status: 0 });
  });

  test('never reaches an account that was put into the managed group by hand', async () => {
    run('useradd -g sunk-users -m rescue');
    const before = run('getent passwd rescue; getent shadow rescue; id rescue');
    for (let round = 0; round < 2; round += 1)
      expect(node.exec('sunk-agent sync --full')).toMatchObject({
        stdout: expect.stringMatching(/\(rescue\): not managed; remove it from/) as string,
      });
    expect(node.exec('sunk-agent block rescue')).toMatchObject({ status: 1 });
    await eventually('it is a finding', () => node.exec('sunk-agent status').stdout.includes('(rescue)'));
    expect(run('getent passwd rescue; getent shadow rescue; id rescue')).toBe(before);
    run('usermod -g users rescue');
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
  });

  test('of a person with 3,000 at jobs, and of one on a full disk, delays no one and leaves nothing behind', async () => {
    run(`cd /var/spool/cron/atjobs && perl -e 'for (1 .. 3000) { open my $f, ">", sprintf("a%05x%08x", $_, 40000000); print $f "#!/bin/sh\n" }' &&
      truncate -s 2G a0ffff02625a00 && chown erin:daemon a* && chmod 700 a*`);
    await Promise.all([setActive('erin', 'False'), setActive('bob', 'False')]);
    await eventually('both are disabled', () => isDisabled('erin') && isDisabled('bob'));
    await eventually('no job is left', () => run('ls /var/spool/cron/atjobs') === '');
    const steps = run('sunk-agent history --user erin --json')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { at: number; what: string });
    const timeOf = (what: string): number => steps.find((step) => step.what === what)?.at ?? NaN;
    expect(timeOf('jobs-disable') - timeOf('keys-remove')).toBeLessThan(10);
    expect(Number(run('ls /var/lib/sunk-agent/offboarded/10004 | wc -l'))).toBeLessThanOrEqual(102);

    await setActive('bob', 'True');
    await eventually('bob logs in', () => login('bob').status === 0);
    run('mount -t tmpfs -o size=8k tmpfs /var/lib/sunk-agent/offboarded');
    run(
      `umask 077; head -c 60000 /dev/zero >/var/spool/cron/crontabs/bob && chown bob:crontab /var/spool/cron/crontabs/bob`,
    );
    await Promise.all([setActive('bob', 'False'), setActive('alice', 'False')]);
    await eventually('both are disabled', () => isDisabled('alice') && isDisabled('bob'));
    await eventually('the job is stopped', () =>
      run('stat -c %a /var/spool/cron/crontabs/bob').startsWith('0'),
    );
    expect(run('find /var/lib/sunk-agent/offboarded -name ".*"')).toBe('');
    await eventually('it is told', () => node.exec('sunk-agent status').stdout.includes('jobs-disable bob'));
    run('umount /var/lib/sunk-agent/offboarded');
    await eventually('all is well', () => node.exec('sunk-agent status').status === 0);
    expect(node.exec('test -e /var/spool/cron/crontabs/bob').status).toBe(1);
  });

  test('that ends gives back what still counts, and tells the person what does not', async () => {
    await setActive('erin', 'True');
    await eventually('erin logs in', () => login('erin').status === 0);
    await eventually('her jobs are back', () => run('ls /var/spool/cron/atjobs | wc -l').trim() === '100');
    expect(login('erin', 'cat sunk-agent-jobs-*').stdout).toMatch(/and 2\d\d\d more: not kept/);
  });
});
