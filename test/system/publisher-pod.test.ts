// The chart's pod and the overlay's scripts, run as they are rendered: the image, two containers, volumes, and a login pod.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { eventually as wait } from '../support/eventually.ts';
import {
  CHART,
  describeChartOnNodes,
  type KubernetesObject,
  renderChart,
} from '../support/kubernetes/chart.ts';
import { type Container, type ContainerSpec, startContainer } from '../support/kubernetes/container.ts';
import { ensureImage } from '../support/kubernetes/image.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { PACKAGES } from '../support/nodes/pod.ts';
import { startProbe } from '../support/nodes/probe.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });
const OVERLAY = path.join(CHART, '../overlay/slurm-values.yaml');
const MAX_IMAGE = 90e6;
/** CHOWN, DAC_OVERRIDE and FOWNER: bits 0, 1 and 3; permitted, bounding, and no new ones. */
const OF_THE_AGENT = ['000000000000000b', '000000000000000b', '1'];
/** Values to first login, in seconds. */
const MAX_FIRST_LOGIN = 300;

const VALUES = {
  existingSecret: 'scim',
  config: {
    scim: { base_url: BASE_URL },
    access: { groups: [{ name: 'slurm-users' }] },
    accounts: { domains: ['example.com'] },
    sync: { poll: '*/2 * * * * *' },
    publish: { resign: '5s' },
  },
  sudoGroups: ['admins'],
  volume: { existingClaim: 'sunk-agent', heartbeats: { existingClaim: 'sunk-agent-heartbeats' } },
};

/** What SUNK's image has, and its start: the overlay's oneshot, then the services. */
const renderStart = (install: string, follow: string): string => `
set -e
printf '%%sudo ALL=(ALL:ALL) NOPASSWD: ALL\\n%%admins ALL=(ALL:ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/90-sunk
printf 'User_Alias OPERATORS = root, %%operators\\n"%%domain users" ALL=(ALL) NOPASSWD: ALL\\nDefaults badpass_message="50 %%d"\\n' >/etc/sudoers.d/91-site
chmod 0440 /etc/sudoers.d/90-sunk /etc/sudoers.d/91-site
mkdir -p /run/sshd /run/service/sshd /run/service/sunk-agent-follower
cat >/run/oneshot <<'END'
${install}END
cat >/run/service/sunk-agent-follower/run <<'END'
${follow}END
printf '#!/bin/sh\\nmkdir -p /run/sshd\\nexec /usr/sbin/sshd -D -e 2>&1\\n' >/run/service/sshd/run
chmod 0755 /run/oneshot /run/service/*/run
/run/oneshot
exec s6-svscan /run/service`;

describeChartOnNodes('the chart’s publisher', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'publisher-pod-'));
  const at = (name: string): string => path.join(directory, name);
  const publicKey = (name: string): string => readFileSync(`${at(name)}.pub`, 'utf8').trim();
  let image: Awaited<ReturnType<typeof ensureImage>>;
  let cluster: LoginNode;
  let store: Store;
  let login: LoginNode;
  let agent: Container;
  let reader: Container;
  let objects: readonly KubernetesObject[];
  let alice: string;
  let begun: number;

  const explain = (): string =>
    [
      agent.log(),
      reader.log(),
      login === undefined ? '' : readFileSync(path.join(login.root, '../console'), 'utf8'),
    ]
      .map((log) => log.slice(-1500))
      .join('\n');
  const eventually = (what: string, isTrue: () => boolean): Promise<void> => wait(what, isTrue, explain);
  /** An agent that has just started has none yet. */
  const status = (): { health: string; isolation: unknown } => {
    const { stdout } = agent.exec('sunk-agent status --json');
    return stdout === ''
      ? { health: 'unknown', isolation: null }
      : (JSON.parse(stdout) as ReturnType<typeof status>);
  };
  const logsIn = (name: string): boolean => login.ssh(name, at(name), 'true').status === 0;
  const rightsOf = (container: Container): string[] =>
    container.exec('grep -h "^Cap[PB]\\|^NoNewPrivs" /proc/1/status').stdout.match(/\S+$/gm) ?? [];
  const find = (kind: string, name: string): unknown =>
    objects.find((one) => one.kind === kind && one.metadata.name === name);

  /** The objects with these values, and what the kubelet makes of ConfigMaps. */
  function apply(values: object): ContainerSpec[] {
    writeFileSync(at('values.yaml'), JSON.stringify(values));
    objects = renderChart('sunk-agent', '--values', at('values.yaml'));
    const { data } = find('ConfigMap', 'sunk-agent-config') as ConfigMap;
    mkdirSync(at('config'), { recursive: true });
    writeFileSync(at('config/config.yaml'), data['config.yaml'] ?? '');
    const follower = find('ConfigMap', 'sunk-agent-follower') as ConfigMap | undefined;
    mkdirSync(at('follower'), { recursive: true });
    for (const [name, text] of Object.entries(follower?.data ?? {}))
      writeFileSync(at(`follower/${name}`), text, { mode: 0o555 });
    const deployment = find('Deployment', 'sunk-agent') as Deployment;
    return deployment.spec.template.spec.containers;
  }

  async function startPublisher(values: object): Promise<void> {
    const [agentSpec, readerSpec] = apply(values);
    if (agentSpec === undefined || readerSpec === undefined) throw new Error('the pod has two containers');
    // As an emptyDir is made.
    for (const name of ['run', 'compiled', 'tmp']) {
      rmSync(at(name), { recursive: true, force: true });
      mkdirSync(at(name), { mode: 0o777 });
    }
    const volumes = Object.fromEntries(
      ['config', 'state', 'run', 'compiled', 'tmp', 'token', 'volume', 'heartbeats'].map((name) => [
        name,
        at(name),
      ]),
    );
    const start = (spec: ContainerSpec): Promise<Container> =>
      startContainer(spec, image.rootfs, volumes, cluster.networkPath(), at(`${spec.name}.log`));
    // In either order, as the kubelet does.
    reader = await start(readerSpec);
    agent = await start(agentSpec);
  }

  /** A login pod that runs these scripts, with the volumes of the publisher. */
  async function startPod(scripts: readonly [install: string, follow: string], mounts: readonly string[]) {
    mkdirSync(at('empty'), { recursive: true });
    return bootNode('bookworm-old-sshd', () => {}, PACKAGES, {
      image: at('empty'),
      arguments: [...mounts, `--bind=${at('heartbeats')}:/srv/heartbeats`],
      program: ['sh', '-c', renderStart(...scripts)],
      beside: null,
    });
  }

  async function startLogin(): Promise<void> {
    const { login: pods } = parse(readFileSync(OVERLAY, 'utf8')) as {
      login: { s6: Record<string, Service> };
    };
    const { 'sunk-agent-install': install, 'sunk-agent-follower': follow } = pods.s6;
    expect([install?.type, follow?.type]).toEqual(['oneshot', 'longrun']);
    login = await startPod(
      [install?.script ?? '', follow?.script ?? ''],
      [
        `--bind-ro=${at('follower')}:/usr/share/sunk-agent/follower`,
        `--bind-ro=${at('volume')}:/srv/sunk-agent`,
      ],
    );
  }

  beforeAll(async () => {
    for (const name of ['alice', 'bob'])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    for (const name of ['state', 'volume', 'heartbeats', 'token', 'empty']) mkdirSync(at(name));
    image = await ensureImage();
    cluster = await bootNode('bookworm', () => {}, [], {
      image: at('empty'),
      arguments: [],
      program: ['sleep', 'infinity'],
      beside: null,
    });
    store = await startStore(cluster);
    writeFileSync(at('token/nsscache-scim-auth-token'), store.readToken);
    alice = await store.createUser('alice@example.com', publicKey('alice'));
    const bob = await store.createUser('bob@example.com', publicKey('bob'));
    await store.createGroup('slurm-users', [alice, bob]);
    await store.createGroup('admins', [alice]);
    begun = Date.now();
    await startPublisher(VALUES);
  });
  afterAll(async () => {
    for (const one of [reader, agent]) await one?.kill();
    await login?.stop();
    await store?.stop();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('has an image of at most 90 MB, in which no program has rights that its caller has not', () => {
    expect(readFileSync(image.archive).length).toBeLessThan(MAX_IMAGE);
    expect(
      spawnSync('find', [image.rootfs, '-type', 'f', '-perm', '/6000'], { encoding: 'utf8' }).stdout,
    ).toBe('');
  });

  test('is healthy with a read-only root, few capabilities, and an agent without a network', async () => {
    await eventually('the agent is alive', () => agent.exec('/usr/lib/sunk-agent/pod/alive').status === 0);
    await eventually('it is healthy', () => status().health === 'healthy');
    expect(status().isolation).toEqual({ agentHasNoNetwork: true });
    expect(agent.exec('touch /usr/x /etc/x').status).not.toBe(0);
    expect(rightsOf(agent)).toEqual(OF_THE_AGENT);
    expect(rightsOf(reader)).toEqual(['0000000000000000', '0000000000000000', '1']);
    expect(reader.exec('cat /proc/1/status').stdout).toMatch(/^Uid:\s+9810\s+9810\s+9810\s+9810$/m);
    expect(agent.exec('ls /run/secrets 2>/dev/null').stdout).toBe('');
  });

  test('lets alice in on a login pod of the overlay within five minutes of the values', async () => {
    const key = agent.exec('cat /var/lib/sunk-agent/publish-key.pub').stdout.trim();
    apply({
      ...VALUES,
      follower: {
        enabled: true,
        sunkCluster: true,
        publishers: [`sunk-agent namespaces="sunk-agent-generation" ${key}`],
      },
    });
    await startLogin();
    await eventually('alice logs in', () => logsIn('alice'));
    expect((Date.now() - begun) / 1000).toBeLessThan(MAX_FIRST_LOGIN);
    expect(login.ssh('alice', at('alice'), 'id').stdout).toBe(
      'uid=10000(alice) gid=9999(sunk-users) groups=9999(sunk-users),20000(slurm-users),20001(admins)\n',
    );
    await eventually('fleet counts the pod', () => agent.exec('sunk-agent fleet').status === 0);
  });

  test('gives sudo by person, and not by the groups of the image, which a session keeps after a revocation', () => {
    expect(login.ssh('alice', at('alice'), 'sudo -n id -u').stdout).toBe('0\n');
    expect(login.ssh('bob', at('bob'), 'sudo -n id -u').status).not.toBe(0);
    expect(login.exec('grep -h "^%" /etc/sudoers /etc/sudoers.d/90-sunk').stdout).toBe('');
    expect(login.exec('visudo -c -q').status).toBe(0);
    // What it cannot part is named, by its line.
    const said = readFileSync(path.join(login.root, '../console'), 'utf8');
    const named = [...said.matchAll(/by hand: (\/etc\/sudoers\S*?:\d+):/g)].map(([, line]) => line);
    expect(named).toEqual(['/etc/sudoers.d/91-site:1', '/etc/sudoers.d/91-site:2']);
    expect(login.exec('cat /etc/sudoers.d/90-sunk.before-follower').stdout).toContain('%admins ALL');
  });

  test('lets alice in on a pod of a SunkCluster, which has no ConfigMap and may write the volume', async () => {
    const { data } = find('ConfigMap', 'sunk-agent-sunkcluster') as ConfigMap;
    const { s6 } = parse(data['spec.yaml'] ?? '') as { s6: (Service & { name: string })[] };
    expect(s6.map(({ name, type }) => [name, type])).toEqual([
      ['sunk-agent-install', 'oneshot'],
      ['sunk-agent-follower', 'longrun'],
    ]);
    const pod = await startPod(
      [s6[0]?.script ?? '', s6[1]?.script ?? ''],
      [`--bind=${at('volume')}:/srv/sunk-agent`],
    );
    try {
      await wait('alice logs in', () => pod.ssh('alice', at('alice'), 'true').status === 0);
      expect(pod.ssh('alice', at('alice'), 'sudo -n id -u').stdout).toBe('0\n');
      expect(pod.ssh('bob', at('bob'), 'sudo -n id -u').status).not.toBe(0);
      expect(pod.exec('cat /run/service/sunk-agent-follower/run').stdout).toContain('slurmd');
      // A member of the sudo group may end what the volume says, and not change it: its followers keep what was signed.
      pod.ssh('alice', at('alice'), 'sudo sh -c "chmod u+w /srv/sunk-agent/* && rm -rf /srv/sunk-agent/*"');
      expect(pod.ssh('bob', at('bob'), 'true').status).toBe(0);
      await wait('the publisher publishes anew', () => agent.exec('ls /srv/sunk-agent').stdout !== '');
    } finally {
      await pod.stop();
    }
  });

  test('is killed and created anew under logins each moment, of which none fails, with the same uids', async () => {
    const probe = startProbe(login, 'bob', at('bob'));
    await agent.kill();
    await reader.kill();
    await startPublisher(VALUES);
    await eventually('it is healthy again', () => status().health === 'healthy');
    expect((await probe.stop()).failures).toEqual([]);
    expect(login.ssh('alice', at('alice'), 'id -u').stdout).toBe('10000\n');
    expect(agent.exec('sunk-agent ledger export').stdout).toContain('alice');
  });

  test('ends the session and the login of a person who is disabled at the store', async () => {
    const session = login.startSsh('alice', at('alice'), 'echo in; exec sleep 600');
    await new Promise((resolve) => session.stdout?.once('data', resolve));
    await store.setActive(alice, 'False');
    await eventually('alice has no access', () => login.ssh('alice', at('alice'), 'true').status === 255);
    await eventually('the session has ended', () => session.exitCode !== null || session.signalCode !== null);
    expect(logsIn('bob')).toBe(true);
  });

  test('is not needed by a login pod that is created anew while it is away', async () => {
    await agent.kill();
    await reader.kill();
    await login.stop();
    await startLogin();
    await wait('bob logs in', () => logsIn('bob'));
    expect(logsIn('alice')).toBe(false);
  });

  test('can be undone: install-follower --undo leaves the image as it was', () => {
    const { status: ended, stderr } = login.exec('sh /usr/share/sunk-agent/follower/install-follower --undo');
    expect(ended, stderr).toBe(0);
    expect(login.exec('cat /etc/sudoers.d/90-sunk').stdout).toBe(
      '%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n%admins ALL=(ALL:ALL) NOPASSWD: ALL\n',
    );
    expect(login.exec('ls /etc/ssh/sshd_config.d /etc/sudoers.d').stdout).not.toMatch(
      /sunk-follower|before-follower|sunk-agent/,
    );
  });

  test('has no further capability where the pod lets it keep the network', async () => {
    for (const one of [reader, agent]) await one.kill();
    await startPublisher({ ...VALUES, agent: { isolateNetwork: false } });
    // And not its start script, which has all the rights yet.
    const isNode = (): boolean =>
      agent.exec('cat /proc/1/cmdline').stdout.startsWith('/usr/lib/sunk-agent/node');
    await eventually('the agent runs', isNode);
    expect(agent.log()).toContain('this pod does not allow unshare --net');
    expect(rightsOf(agent)).toEqual(OF_THE_AGENT);
  });
});

interface Service {
  readonly type: string;
  readonly script: string;
}

interface ConfigMap {
  readonly data: Readonly<Record<string, string>>;
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: ContainerSpec[] } } };
}
