// One reader a cluster: a publisher, a pod that follows it under s6 without Node and token, and a node under systemd.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { bootNode, type LoginNode, RESTART_SSHD } from '../support/nodes/node.ts';
import { buildForHere } from '../support/nodes/packages.ts';
import { buildImage, layMounts, PACKAGES, startPod } from '../support/nodes/pod.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../packaging/follower');
const UNIT = path.resolve(import.meta.dirname, '../../systemd/sunk-agent-follower.service');

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
  sudo_groups: [{ name: admins }]
accounts: { domains: [example.com], backend: publish }
publish: { directory: /srv/sunk-agent, heartbeats: /srv/heartbeats, resign: 5s }
sync:
  poll: "*/2 * * * * *"
`;

/** What a pod's image does with the follower's files, and a start without s6-overlay's compiler. */
const START = `
set -e
rm -rf /usr/lib/sunk-agent /usr/bin/sunk-agent
sh /usr/share/sunk-agent/follower/install-follower --homes
mkdir -p /run/service/sshd
cp -R /etc/s6-overlay/s6-rc.d/sunk-agent-follower /run/service
install -m 755 /etc/sshd-run /run/service/sshd/run
exec s6-svscan /run/service`;

/** A container without any service manager. */
const START_BARE = `
set -e
rm -rf /usr/lib/sunk-agent /usr/bin/sunk-agent
sh /usr/share/sunk-agent/follower/install-follower --homes
mkdir -p /run/sshd
/usr/sbin/sshd
while :; do /usr/libexec/sunk-agent/follower || sleep 1; done`;

const isNightly = process.env['NIGHTLY'] !== undefined;

describeOnNodes('a publisher and its followers', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'followers-'));
  const at = (name: string): string => path.join(directory, name);
  let image: string;
  let publisher: LoginNode;
  let pod: LoginNode;
  let bare: LoginNode;
  let node: LoginNode;
  let store: Store;
  let alice: string;
  let bob: string;

  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => readFileSync(path.join(pod.root, '../console'), 'utf8').slice(-3000));
  const publicKey = (name: string): string => readFileSync(`${at(name)}.pub`, 'utf8').trim();
  /** The volume of the node that has none: files first, then the manifest, as NFS would show them. */
  const carry = (receiver = node): void => {
    const to = path.join(receiver.root, 'srv/sunk-agent');
    cpSync(at('volume/files'), path.join(to, 'files'), { recursive: true });
    cpSync(at('volume/root'), path.join(to, 'root.new'));
    renameSync(path.join(to, 'root.new'), path.join(to, 'root'));
  };
  const logsIn = (where: LoginNode, name: string): boolean => where.ssh(name, at(name), 'true').status === 0;

  function startPodWith(program: string): Promise<LoginNode> {
    const more = [
      'volume:/srv/sunk-agent',
      'publishers:/etc/sunk-agent/publishers',
      'operators:/etc/sunk-agent/operators',
      'follower.conf:/etc/sunk-agent/follower.conf',
    ];
    return bootNode('bookworm', () => {}, PACKAGES, {
      image: path.join(image, 'upper'),
      arguments: [...more.map((one) => `--bind-ro=${at(one)}`), `--bind=${at('heartbeats')}:/srv/heartbeats`],
      program: ['sh', '-c', program],
      beside: null,
    });
  }

  async function startNode(): Promise<LoginNode> {
    const started = await bootNode(
      'trixie',
      (root) => {
        for (const name of ['usr/share/sunk-agent', 'etc/sunk-agent', 'srv/sunk-agent'])
          mkdirSync(path.join(root, name), { recursive: true });
        cpSync(PACKAGING, path.join(root, 'usr/share/sunk-agent/follower'), { recursive: true });
        for (const name of ['publishers', 'operators'])
          cpSync(at(name), path.join(root, 'etc/sunk-agent', name));
        cpSync(UNIT, path.join(root, 'etc/systemd/system/sunk-agent-follower.service'));
      },
      ['libnss-cache'],
    );
    const installed = started.exec(
      `sh /usr/share/sunk-agent/follower/install-follower --homes && systemctl start sunk-agent-follower && ${RESTART_SSHD}`,
    );
    if (installed.status !== 0) throw new Error(`${installed.stdout}${installed.stderr}`);
    return started;
  }

  async function startFollowers(): Promise<void> {
    pod = await startPodWith(START);
    bare = await startPodWith(START_BARE);
    node = await startNode();
  }

  beforeAll(async () => {
    for (const name of ['alice', 'bob', 'carol', 'key', 'operator'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    for (const name of ['volume', 'heartbeats']) mkdirSync(at(name));
    writeFileSync(at('publishers'), `sunk-agent namespaces="sunk-agent-generation" ${publicKey('key')}\n`);
    writeFileSync(at('operators'), `operator namespaces="sunk-agent-block" ${publicKey('operator')}\n`);
    writeFileSync(at('follower.conf'), 'heartbeats=/srv/heartbeats\n');
    layMounts(at('mounts'), CONFIG, TOKEN);
    cpSync(at('key'), at('mounts/state/publish-key'));
    image = buildImage(await buildForHere());
    publisher = await startPod({
      image,
      mounts: at('mounts'),
      more: [`--bind=${at('volume')}:/srv/sunk-agent`, `--bind=${at('heartbeats')}:/srv/heartbeats`],
      prepare: 'touch /run/service/sshd/down',
    });
    store = await startStore(publisher);
    alice = await store.createUser('alice@example.com', publicKey('alice'));
    bob = await store.createUser('bob@example.com', publicKey('bob'));
    await store.createGroup('slurm-users', [alice, bob]);
    await store.createGroup('admins', [alice]);
    await startFollowers();
  });
  afterAll(async () => {
    await store?.stop();
    for (const one of [node, bare, pod, publisher]) await one?.stop();
    for (const left of [directory, image])
      if (left !== undefined) rmSync(left, { recursive: true, force: true });
  });

  test('the pod grants a login and sudo by what is published, without Node, token or a line of its own', async () => {
    // The first generation may be of before the second group was made.
    const whole =
      'uid=10000(alice) gid=9999(sunk-users) groups=9999(sunk-users),20000(slurm-users),20001(admins)\n';
    await eventually(
      'alice logs in with all groups',
      () => pod.ssh('alice', at('alice'), 'id').stdout === whole,
    );
    expect(pod.ssh('alice', at('alice'), 'sudo -n id -u').stdout).toBe('0\n');
    expect(pod.ssh('bob', at('bob'), 'sudo -n id -u').status).not.toBe(0);
    expect(pod.exec('grep -c alice /etc/passwd').stdout).toBe('0\n');
    expect(pod.exec('pgrep node; ls /run/secrets').stdout).toBe('');
  });

  test('a node of another release under systemd does the same', async () => {
    carry();
    await eventually('alice logs in on the node', () => logsIn(node, 'alice'));
    expect(node.ssh('alice', at('alice'), 'sudo -n id -u').stdout).toBe('0\n');
    expect(node.exec('systemctl is-active sunk-agent-follower').stdout).toBe('active\n');
  });

  test('a container without a service manager does the same', async () => {
    await eventually('alice logs in there', () => logsIn(bare, 'alice'));
    expect(bare.ssh('alice', at('alice'), 'sudo -n id -u').stdout).toBe('0\n');
  });

  test('a home is made at the first login, and none that is someone else’s is entered', () => {
    for (const one of [pod, bare, node])
      expect(one.ssh('alice', at('alice'), 'pwd; stat -c "%U %a" .').stdout).toBe('/home/alice\nalice 700\n');
    expect(pod.exec('mkdir -p /home/bob && chown 4242 /home/bob').status).toBe(0);
    expect(logsIn(pod, 'bob')).toBe(false);
    pod.exec('chown bob /home/bob');
    expect(logsIn(pod, 'bob')).toBe(true);
  });

  test('fleet shows the pods as current', async () => {
    await eventually('the pods report', () =>
      publisher.exec('sunk-agent fleet').stdout.startsWith('2 followers: 2 current'),
    );
    expect(publisher.exec('sunk-agent fleet').status).toBe(0);
  });

  if (!isNightly) process.stderr.write('skipped: twenty followers run in npm run nightly\n');
  test.runIf(isNightly)('twenty more follow a new person in and out', { timeout: 1_200_000 }, async () => {
    const kinds = [START, START, START, START_BARE];
    const more: LoginNode[] = [];
    try {
      for (let n = 0; n < 16; n += 1) more.push(await startPodWith(kinds[n % 4] ?? START));
      for (let n = 0; n < 4; n += 1) more.push(await startNode());
      const onNodes = more.slice(16);
      const carryToAll = (): void => onNodes.forEach((one) => carry(one));
      const carol = await store.createUser('carol@example.com', publicKey('carol'));
      await store.addMember('slurm-users', carol);
      const everywhere = (what: string, isTrue: (one: LoginNode) => boolean): Promise<void> =>
        eventually(what, () => (carryToAll(), more.every(isTrue)));
      await everywhere('carol logs in everywhere', (one) => logsIn(one, 'carol'));
      const sessions = more.map((one) => one.startSsh('carol', at('carol'), 'sleep 1000'));
      await everywhere('carol has a session', (one) => one.exec('pgrep -u carol sleep').status === 0);
      await store.setActive(carol, 'False');
      await everywhere('carol has no process', (one) => one.exec('pgrep -u carol').status === 1);
      await everywhere('carol has no login', (one) => !logsIn(one, 'carol'));
      for (const session of sessions) session.kill();
    } finally {
      for (const one of more) await one.stop();
    }
  });

  test('a person who leaves loses sessions, sudo and login in the pod', async () => {
    const session = pod.startSsh('alice', at('alice'), 'sleep 1000');
    await eventually('alice has a session', () => pod.exec('pgrep -u alice sleep').status === 0);
    await store.setActive(alice, 'False');
    await eventually('alice has no process', () => pod.exec('pgrep -u alice').status === 1);
    expect(logsIn(pod, 'alice')).toBe(false);
    expect(pod.exec('cat /etc/sudoers.d/sunk-agent').stdout).not.toMatch(/^#\d/m);
    expect(logsIn(pod, 'bob')).toBe(true);
    expect(pod.exec('stat -c "%a %G" /run/sunk-agent/current/keys').stdout).toBe('750 sunk-keys\n');
    carry();
    await eventually('alice has no access on the node', () => !logsIn(node, 'alice'));
    session.kill();
  });

  test('the pod goes on while the publisher is gone, and a signed block takes effect', async () => {
    cpSync(at('operator'), path.join(publisher.root, 'var/tmp/operator'));
    publisher.exec(
      'chmod 600 /var/tmp/operator; s6-svc -d /run/service/sunk-agent; s6-svc -d /run/service/sunk-agent-reader',
    );
    await store.stop();
    expect(logsIn(pod, 'bob')).toBe(true);
    expect(publisher.exec('sunk-agent block bob --offline /var/tmp/operator --for 8h')).toMatchObject({
      status: 0,
    });
    await eventually('bob has no access', () => !logsIn(pod, 'bob'));
  });

  test('a pod that is created again has its logins back from the volume', async () => {
    for (const one of [pod, bare, node]) await one.stop();
    await startFollowers();
    await eventually('names are back', () => pod.exec('getent passwd bob').status === 0);
    // The block is still on the volume.
    expect(logsIn(pod, 'bob')).toBe(false);
  });
});
