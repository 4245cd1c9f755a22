// One pod publishes the accounts of a cluster for libnss-cache; the login pods have them read-only, and their own keys and homes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import type { LoginNode } from '../support/nodes/node.ts';
import { buildForHere } from '../support/nodes/packages.ts';
import { buildImage, layMounts, startPod } from '../support/nodes/pod.ts';
import { describeOnNodes } from '../support/requirements.ts';
import { BASE_URL, type Store, startStore, TOKEN } from '../support/nodes/store.ts';

const DIRECTORY = '/srv/nsscache';
const LINK = `sh /usr/share/sunk-agent/container/link-nsscache ${DIRECTORY}`;

const renderConfig = (backend: string): string => `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
  backend: ${backend}
  nsscache_dir: ${DIRECTORY}
sync:
  poll: "*/2 * * * * *"
`;

describeOnNodes('pods of one cluster', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'published-'));
  // A key that two people list counts for neither.
  const key = (name: string): string => path.join(directory, name);
  let image: string;
  let publisher: LoginNode;
  let pod: LoginNode;
  let store: Store;

  const eventually = (what: string, isTrue: () => boolean): Promise<void> =>
    wait(what, isTrue, () => readFileSync(path.join(pod.root, '../console'), 'utf8').slice(-2000));
  const publicKey = (name: string): string => readFileSync(`${key(name)}.pub`, 'utf8').trim();

  beforeAll(async () => {
    for (const name of ['alice', 'bob'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key(name)]);
    const volume = path.join(directory, 'volume');
    mkdirSync(volume);
    for (const backend of ['nsscache', 'published'])
      layMounts(path.join(directory, backend), renderConfig(backend), TOKEN);
    image = buildImage(await buildForHere());
    publisher = await startPod({
      image,
      mounts: path.join(directory, 'nsscache'),
      more: [`--bind=${volume}:${DIRECTORY}`],
      prepare: `${LINK}; touch /run/service/sshd/down`,
    });
    store = await startStore(publisher);
    const alice = await store.createUser('alice@example.com', publicKey('alice'));
    await store.createGroup('slurm-users', [alice]);
    pod = await startPod({
      image,
      mounts: path.join(directory, 'published'),
      more: [`--bind-ro=${volume}:${DIRECTORY}`],
      prepare: LINK,
      beside: publisher,
    });
  });
  afterAll(async () => {
    await store?.stop();
    await pod?.stop();
    await publisher?.stop();
    for (const left of [directory, image])
      if (left !== undefined) rmSync(left, { recursive: true, force: true });
  });

  test('a login pod grants a login to each user that the other pod publishes, without a line of its own', async () => {
    await eventually('alice logs in', () => pod.ssh('alice', key('alice'), 'true').status === 0);
    expect(pod.ssh('alice', key('alice'), 'id; pwd').stdout).toBe(
      'uid=10000(alice) gid=9999(sunk-users) groups=9999(sunk-users),20000(slurm-users)\n/home/alice\n',
    );
    for (const node of [pod, publisher]) expect(node.exec('grep -c alice /etc/passwd').stdout).toBe('0\n');
  });

  test('a login pod cannot write what is published', () => {
    expect(pod.exec(`touch ${DIRECTORY}/x`).status).toBe(1);
    expect(pod.exec('sunk-agent status').status).toBe(0);
  });

  test('who joins later is published and let in; who leaves loses access on both', async () => {
    const bob = await store.createUser('bob@example.com', publicKey('bob'));
    await store.addMember('slurm-users', bob);
    await eventually('bob logs in', () => pod.ssh('bob', key('bob'), 'true').status === 0);
    await store.setActive(bob, 'False');
    await eventually('bob has no key', () => pod.ssh('bob', key('bob'), 'true').status === 255);
    await eventually('bob is closed where he is published', () =>
      pod.exec('getent passwd bob').stdout.includes('nologin'),
    );
  });

  test('a login pod goes on when the publisher is gone', async () => {
    await store.stop();
    publisher.exec('s6-svscanctl -t /run/service');
    expect(pod.ssh('alice', key('alice'), 'id -u').stdout).toBe('10000\n');
  });
});
