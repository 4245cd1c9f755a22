// The chart's Slurm worker, run as it is rendered: the publisher's pod with the site's Slurm image, which is Debian's here,
// against a cluster in another node. Its munged has the cluster's key; no container of it resolves the people's names.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually as wait } from '../support/eventually.ts';
import { describeChartOnNodes, type KubernetesObject, renderChart } from '../support/kubernetes/chart.ts';
import { type Container, type ContainerSpec, startContainer } from '../support/kubernetes/container.ts';
import { ensureImage } from '../support/kubernetes/image.ts';
import { ensureLayers } from '../support/nodes/base.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { mountOverlay } from '../support/nodes/overlay.ts';
import { mustRun } from '../support/nodes/run.ts';
import { BASE_URL, type Store, startStore } from '../support/nodes/store.ts';
import { CLUSTER, installSlurm, SLURM_PACKAGES, startSlurm } from '../support/slurm/slurm-cluster.ts';

const UID = 9812;
/** What the store's first person gets. */
const ALICE = 10_000;

describeChartOnNodes('the chart’s Slurm worker', () => {
  const directory = mkdtempSync('/var/tmp/slurm-pod-');
  const at = (name: string): string => path.join(directory, name);
  const containers = new Map<string, Container>();
  let cluster: LoginNode;
  let store: Store;
  let siteImage: ReturnType<typeof mountOverlay>;
  let alice: string;

  const must = (command: string): string => {
    const { status, stdout, stderr } = cluster.exec(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const explain = (): string =>
    [...containers].map(([name, container]) => `${name}: ${container.log().slice(-1500)}`).join('\n');
  const eventually = (what: string, isTrue: () => boolean): Promise<void> => wait(what, isTrue, explain);
  const associations = (): string =>
    must('sacctmgr -nP list assoc user=alice format=account,user').trim().replaceAll('\n', ' ');

  async function startPod(): Promise<void> {
    const munge = /^munge:[^:]*:(\d+):/m.exec(readFileSync(path.join(siteImage.root, 'etc/passwd'), 'utf8'));
    const values = {
      existingSecret: 'scim',
      config: {
        scim: { base_url: BASE_URL },
        access: { groups: [{ name: 'slurm-users' }] },
        accounts: { domains: ['example.com'] },
        sync: { poll: '*/2 * * * * *' },
        slurm: { mode: 'enforce', every: '2s', rules: [{ group: 'team-*' }] },
      },
      volume: { existingClaim: 'sunk-agent' },
      slurm: {
        worker: {
          enabled: true,
          image: 'site/slurm',
          uid: UID,
          existingConfigMap: 'slurm-conf',
          munge: { existingSecret: 'munge', uid: Number(munge?.[1]) },
        },
      },
    };
    writeFileSync(at('values.yaml'), JSON.stringify(values));
    const objects = renderChart('sunk-agent', '--values', at('values.yaml'));
    const find = (kind: string, name: string): unknown =>
      objects.find((one: KubernetesObject) => one.kind === kind && one.metadata.name === name);
    const { data } = find('ConfigMap', 'sunk-agent-config') as { data: Record<string, string> };
    writeFileSync(at('config/config.yaml'), data['config.yaml'] ?? '');
    const { spec } = (find('Deployment', 'sunk-agent') as Deployment).spec.template;
    const image = await ensureImage();
    const start = async (one: PodContainer): Promise<void> => {
      const root = one.image === 'site/slurm' ? siteImage.root : image.rootfs;
      const environment = Object.fromEntries((one.env ?? []).map(({ name, value }) => [name, value]));
      const volumes = Object.fromEntries(VOLUMES.map((name) => [name, at(name)]));
      const log = at(`${one.name}.log`);
      containers.set(
        one.name,
        await startContainer(one, root, volumes, cluster.networkPath(), log, environment),
      );
    };
    for (const one of spec.initContainers) {
      // A container of this harness stays, so that it is found.
      const command = ['sh', '-c', '"$@" && echo laid; exec sleep infinity', 'sh', ...one.command];
      await start({ ...one, command });
      await eventually(
        `${one.name} ends well`,
        () => containers.get(one.name)?.log().includes('laid') === true,
      );
      await containers.get(one.name)?.kill();
    }
    for (const one of spec.containers) await start(one);
  }

  beforeAll(async () => {
    for (const name of VOLUMES) {
      mkdirSync(at(name));
      // As an emptyDir is made.
      chmodSync(at(name), 0o777);
    }
    mkdirSync(at('site'));
    siteImage = mountOverlay(at('site'), ensureLayers('trixie', SLURM_PACKAGES));
    // As the kubelet makes it.
    writeFileSync(path.join(siteImage.root, 'etc/hosts'), '127.0.0.1 localhost\n');
    cluster = await bootNode('trixie', installSlurm, SLURM_PACKAGES);
    await startSlurm(cluster);
    must(`useradd -u ${UID} -M sunk-slurm; useradd -u ${ALICE} -M alice
      sacctmgr -iQ add user name=sunk-slurm account=root cluster=${CLUSTER} adminlevel=Operator`);
    for (const name of ['slurm.conf', 'cgroup.conf'])
      writeFileSync(at(`slurm-config/${name}`), readFileSync(path.join(cluster.root, 'etc/slurm', name)));
    const key = readFileSync(path.join(cluster.root, 'etc/munge/munge.key'));
    writeFileSync(at('munge-secret/key'), key, { mode: 0o444 });
    store = await startStore(cluster);
    writeFileSync(at('token/nsscache-scim-auth-token'), store.readToken);
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('alice')]);
    alice = await store.createUser('alice@example.com', readFileSync(at('alice.pub'), 'utf8').trim());
    await store.createGroup('slurm-users', [alice]);
    await store.createGroup('team-vision', [alice]);
    await startPod();
  }, 900_000);
  afterAll(async () => {
    for (const container of containers.values()) await container.kill();
    await store?.stop();
    await cluster?.stop();
    if (siteImage !== undefined) mustRun('umount', [siteImage.root]);
    rmSync(directory, { recursive: true, force: true });
  });

  test('gives a person of the store an account, in which a job is taken', async () => {
    await eventually('alice has it', () => associations() === 'team-vision|alice');
    const submit = `setpriv --reuid ${ALICE} --clear-groups sbatch --chdir=/ --output=/dev/null --wrap 'sleep 900'`;
    await eventually('alice runs a job', () => cluster.exec(submit).status === 0);
  });

  test('has neither token, accounts, key nor a right, and nothing that it could write', () => {
    const worker = containers.get('slurm');
    const status = worker?.exec('cat /proc/1/status').stdout ?? '';
    expect(status).toMatch(new RegExp(`^Uid:\\s+${UID}\\s+${UID}\\s+${UID}\\s+${UID}$`, 'm'));
    expect(status).toMatch(/^CapPrm:\s+0{16}$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    const asWorker = (command: string): number | null =>
      worker?.exec(`setpriv --reuid ${UID} --regid ${UID} --clear-groups sh -c '${command}'`).status ?? null;
    expect(asWorker('ls /run/secrets/sunk-agent')).not.toBe(0);
    expect(asWorker('ls /var/lib/sunk-agent')).not.toBe(0);
    expect(asWorker('cat /etc/munge/munge.key')).not.toBe(0);
    for (const where of ['/run/sunk-agent', '/usr/lib/sunk-agent', '/etc/slurm', '/run/munge', '/var/tmp'])
      expect(asWorker(`touch ${where}/x`), where).not.toBe(0);
    expect(asWorker('munge --no-input --output=/dev/null')).toBe(0);
  });

  test('ends the jobs of a person who leaves, though no container resolves the name', async () => {
    expect(containers.get('slurm')?.exec('getent passwd alice').status).not.toBe(0);
    await store.setActive(alice, 'False');
    await eventually('alice has no association', () => associations() === '');
    expect(must('squeue -h -u alice -t PD,R -o %i').trim()).toBe('');
    const refused = cluster.exec(`setpriv --reuid ${ALICE} --clear-groups sbatch --chdir=/ --wrap true`);
    expect(refused.status).not.toBe(0);
  });
});

const VOLUMES =
  'config state run compiled tmp token volume slurm-program slurm-config munge munge-secret'.split(' ');

type PodContainer = ContainerSpec & {
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
};

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: readonly PodContainer[];
        readonly containers: readonly PodContainer[];
      };
    };
  };
}
