// The Helm chart: linted, rendered with each of its examples, and every object held to a typed schema.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { carryValues } from '../../../src/cli/init/from-values.ts';
import { parseConfig } from '../../../src/config/config.ts';
import {
  CHART,
  CHART_PROBLEM,
  type KubernetesObject,
  renderChart,
  runHelm,
  validateObject,
} from '../../support/kubernetes/chart.ts';

const EXAMPLES = path.join(CHART, '../examples');
const NAMES = ['default', 'secrets', 'volume', 'slurm', 'slurm-worker', 'observe', 'from-nsscache'];
const render = (name: string, ...args: string[]): KubernetesObject[] =>
  renderChart('sunk-agent', '--values', path.join(EXAMPLES, `${name}.yaml`), ...args);
const kindsOf = (objects: readonly KubernetesObject[]): string[] => objects.map(({ kind }) => kind).sort();
const find = (
  objects: readonly KubernetesObject[],
  kind: string,
  name = 'sunk-agent',
): Record<string, unknown> => {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found as unknown as Record<string, unknown>;
};
const configOf = (objects: readonly KubernetesObject[]): string =>
  (find(objects, 'ConfigMap', 'sunk-agent-config') as { data: Record<string, string> }).data['config.yaml'] ??
  '';

if (CHART_PROBLEM !== null) process.stderr.write(`the chart is not tested: ${CHART_PROBLEM}\n`);

describe('the values out of nsscache’s', () => {
  it('are what sunk-agent init --from-values prints', () => {
    const { text } = carryValues(readFileSync(path.join(EXAMPLES, 'nsscache-values.yaml'), 'utf8'), 'values');
    expect(readFileSync(path.join(EXAMPLES, 'from-nsscache.yaml'), 'utf8')).toBe(text);
  });
});

describe.skipIf(CHART_PROBLEM !== null)('the chart', () => {
  it('has an example for each step', () => {
    expect(readdirSync(EXAMPLES).sort()).toEqual(
      [...NAMES, 'nsscache-values'].map((name) => `${name}.yaml`).sort(),
    );
  });

  it.each(NAMES)(
    'is linted clean with %s.yaml, each object is valid, and the agent takes its configuration',
    async (name) => {
      const { status, stdout } = runHelm(
        'lint',
        '--strict',
        CHART,
        '--values',
        path.join(EXAMPLES, `${name}.yaml`),
      );
      expect(status, stdout).toBe(0);
      const objects = render(name);
      const unchecked: string[] = [];
      for (const object of objects) if (!(await validateObject(object))) unchecked.push(object.kind);
      expect(unchecked).toEqual(name === 'observe' ? ['VMPodScrape'] : []);
      const config = parseConfig(configOf(objects), `${name}.yaml`);
      expect(config).toMatchObject({
        scim: { tokens: [{ file: '/run/secrets/sunk-agent/nsscache-scim-auth-token' }] },
        accounts: { backend: 'publish' },
      });
    },
  );

  it.each([
    ['config.scim.max_wait=5', "at '/config/scim/max_wait': got number, want string"],
    ['config.accounts.backend=local', "at '/config/accounts': additional properties 'backend' not allowed"],
    ['config.scim.tokens=x', "at '/config/scim': additional properties 'tokens' not allowed"],
    ['secrets.passwd.key=a/b', "at '/secrets/passwd/key': 'a/b' does not match pattern"],
    ['volume.typo=3', "at '/volume': additional properties 'typo' not allowed"],
    ['existingSecret=', "at '/existingSecret': minLength"],
    ["follower.groups[0]=x'; reboot", "at '/follower/groups/0'"],
    ['networkPolicy.ports[0]=0', "at '/networkPolicy/ports/0'"],
    ['slurm.worker.uid=0', "at '/slurm/worker/uid'"],
    ['slurm.worker.munge.key=../x', "at '/slurm/worker/munge/key'"],
    ['slurm.worker.enabled=true', 'slurm.worker.image: the image of Slurm'],
    ['image.repository=a: b', "at '/image/repository'"],
    ['image.tag=1 }', "at '/image/tag'"],
  ])('refuses %s, naming its path', (wrong, said) => {
    expect(() => render('volume', '--set', wrong)).toThrow(said);
  });

  it('says to suspend nsscache only where it writes itself', () => {
    const readNotes = (name: string, ...args: string[]): string => {
      const values = path.join(EXAMPLES, `${name}.yaml`);
      const given = ['install', '--dry-run=client', 'sunk-agent', CHART, '--values', values, ...args];
      return runHelm(...given).stdout.split('NOTES:')[1] ?? '';
    };
    expect(readNotes('secrets')).toContain('Suspend nsscache');
    for (const notes of [readNotes('from-nsscache'), readNotes('secrets', '--set', 'config.mode=observe')]) {
      expect(notes).toContain("Leave nsscache's CronJob running");
      expect(notes).not.toContain('Suspend');
    }
  });

  it.each([
    ['publishers', 'sunk-agent namespaces="sunk-agent-generation" ssh-ed25519 AAAA'],
    ['operators', 'operator namespaces="sunk-agent-block" ssh-ed25519 AAAA'],
  ])(
    'refuses a value of follower.%s that goes on after its line, as a command in the script of a SunkCluster would',
    (key, line) => {
      const renderWith = (value: string): KubernetesObject[] =>
        render('volume', '--set-json', `follower.${key}=${JSON.stringify([value])}`);
      for (const more of [`\nEND OF ${key}\nreboot`, '\r', '\n', '\t', '\u2028'])
        expect(() => renderWith(line + more), JSON.stringify(more)).toThrow(`at '/follower/${key}/0'`);
      // Within the here-document, and in YAML, all of these are text.
      const odd = `${line} $(reboot) \`id\` '" {{ .Release }} : # \\`;
      const { data } = find(renderWith(odd), 'ConfigMap', 'sunk-agent-follower') as {
        data: Record<string, string>;
      };
      expect(data[key]).toBe(`${odd}\n`);
    },
  );

  it('opens no address and no port by an empty list, which is every one to Kubernetes', () => {
    const egressOf = (...args: string[]): unknown[] =>
      (find(render('slurm-worker', ...args), 'NetworkPolicy') as { spec: { egress: unknown[] } }).spec.egress;
    const [names, store, slurm] = egressOf();
    expect(egressOf('--set-json', 'networkPolicy.egressCidrs=[]')).toEqual([names, slurm]);
    expect(egressOf('--set-json', 'networkPolicy.ports=[]')).toEqual([names, slurm]);
    expect(egressOf('--set-json', 'slurm.worker.ports=[]')).toEqual([names, store]);
  });

  it.each(['slurm.worker.uid=9810', 'slurm.worker.munge.uid=9810'])(
    'refuses %s: by that uid the agent knows the reader',
    (wrong) => expect(() => render('slurm-worker', '--set', wrong)).toThrow('9810 is the reader'),
  );

  it('takes names that YAML would read as something else', async () => {
    const names = ['existingSecret=123', 'state.existingClaim=true', 'publishKey.existingSecret=1e3'];
    const volumes = ['volume.existingClaim=null0', 'volume.heartbeats.existingClaim=0x1'];
    const args = [...names, ...volumes].flatMap((one) => ['--set-string', one]);
    for (const object of render('volume', ...args)) await validateObject(object);
  });

  it('has typed schemas that notice what is wrong', async () => {
    const objects = render('observe');
    for (const [kind, wrong] of [
      ['Deployment', { spec: { replicas: 'one' } }],
      ['NetworkPolicy', { spec: { podSelector: 3 } }],
      ['PodMonitor', { spec: { podMetricsEndpoints: 'x' } }],
    ] as const) {
      const object = { ...objects.find((one) => one.kind === kind), ...wrong } as unknown as KubernetesObject;
      await expect(validateObject(object), kind).rejects.toThrow(/spec/);
    }
  });

  it('gives no right over Secrets but in the first step, and then over the named ones alone', () => {
    expect(kindsOf(render('default'))).toEqual([
      'ConfigMap',
      'Deployment',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'ServiceAccount',
    ]);
    expect(find(render('secrets'), 'Role', 'sunk-agent-secrets')['rules']).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['nsscache-passwd', 'nsscache-group', 'nsscache-shadow', 'nsscache-sshkey'],
        verbs: ['get', 'patch'],
      },
    ]);
  });

  it('runs one publisher, and gives the token to the reader and the accounts to the agent', () => {
    const { spec } = find(render('volume'), 'Deployment') as unknown as {
      spec: {
        replicas: number;
        strategy: unknown;
        template: {
          spec: { automountServiceAccountToken: boolean; tolerations: unknown; containers: Container[] };
        };
      };
    };
    expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    const { containers, automountServiceAccountToken, tolerations } = spec.template.spec;
    expect(automountServiceAccountToken).toBe(false);
    expect(tolerations).toEqual([{ key: 'sunk.coreweave.com/lock', operator: 'Exists' }]);
    const [agent, reader] = containers;
    const mountsOf = (container: Container | undefined): string[] =>
      container?.volumeMounts.map(({ name }) => name) ?? [];
    expect(mountsOf(agent)).toEqual(expect.not.arrayContaining(['token', 'api']));
    expect(mountsOf(reader).sort()).toEqual(['api', 'config', 'run', 'token']);
    expect(reader?.volumeMounts.every(({ readOnly }) => readOnly)).toBe(true);
    expect(reader?.securityContext).toEqual({
      runAsUser: 9810,
      runAsGroup: 9810,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(agent?.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(JSON.stringify(render('slurm'))).not.toContain('SYS_ADMIN');
  });

  it('gives the Slurm worker the site’s image, its socket and munge, and neither token, accounts nor a right', () => {
    const podOf = (objects: readonly KubernetesObject[]): Pod =>
      (find(objects, 'Deployment') as { spec: { template: { spec: Pod } } }).spec.template.spec;
    const { containers, initContainers = [] } = podOf(
      render('slurm-worker', '--set', 'slurm.worker.uid=401'),
    );
    expect(containers.map(({ name }) => name)).toEqual(['agent', 'reader', 'munge', 'slurm']);
    expect(initContainers.map(({ name }) => name)).toEqual(['slurm-program', 'munge-key']);
    const added = [...initContainers, ...containers.slice(2)];
    for (const { name, securityContext } of added)
      expect(securityContext, name).toMatchObject({
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    const worker = containers.find(({ name }) => name === 'slurm');
    expect(worker?.image).toBe('registry.example.com/slurm-login:25.11');
    expect(worker?.securityContext).toMatchObject({ runAsUser: 401, runAsGroup: 9812 });
    expect(worker?.volumeMounts.every(({ readOnly }) => readOnly)).toBe(true);
    expect(worker?.volumeMounts.map(({ name, subPath = '' }) => `${name}/${subPath}`).sort()).toEqual([
      'munge/socket',
      'run/',
      'slurm-config/',
      'slurm-program/',
    ]);
    // The key is with munged alone.
    const holders = [...initContainers, ...containers].filter(({ volumeMounts }) =>
      volumeMounts.some(
        ({ name, subPath }) => name === 'munge-secret' || (name === 'munge' && subPath !== 'socket'),
      ),
    );
    expect(holders.map(({ name }) => name)).toEqual(['munge-key', 'munge']);
    const egressOf = (objects: readonly KubernetesObject[]): unknown[] =>
      (find(objects, 'NetworkPolicy') as { spec: { egress: unknown[] } }).spec.egress;
    expect(egressOf(render('slurm-worker')).at(-1)).toEqual({
      to: [{ podSelector: {} }],
      ports: [6817, 6819].map((port) => ({ port, protocol: 'TCP' })),
    });
    expect(egressOf(render('volume'))).toHaveLength(2);
    expect(podOf(render('volume')).initContainers).toBe(undefined);
  });

  it('keeps the ledger when it is uninstalled or rolled back', () => {
    expect(find(render('default'), 'PersistentVolumeClaim', 'sunk-agent-state')['metadata']).toMatchObject({
      annotations: { 'helm.sh/resource-policy': 'keep' },
    });
  });

  it('restarts the publisher when its configuration changes, and only then', () => {
    const annotationOf = (...args: string[]): unknown =>
      (find(render('volume', ...args), 'Deployment') as { spec: { template: { metadata: unknown } } }).spec
        .template.metadata;
    expect(annotationOf()).toEqual(annotationOf('--set', 'follower.poll=3'));
    expect(annotationOf()).not.toEqual(annotationOf('--set', 'config.mode=observe'));
  });

  it('keeps the claim of the ledger, its name and its use in each revision that a rollback could go to', () => {
    const stateOf = (objects: readonly KubernetesObject[]): unknown => {
      const { template } = (find(objects, 'Deployment') as { spec: { template: unknown } }).spec;
      const { spec } = template as { spec: { volumes: { name: string }[]; containers: object[] } };
      return spec.volumes.find(({ name }) => name === 'state');
    };
    const expected = { name: 'state', persistentVolumeClaim: { claimName: 'sunk-agent-state' } };
    for (const name of NAMES) {
      const objects = render(name);
      const claim = find(objects, 'PersistentVolumeClaim', 'sunk-agent-state') as {
        metadata: { annotations: Record<string, string> };
      };
      // Helm deletes what a revision has no longer, but for what says so.
      expect(claim.metadata.annotations['helm.sh/resource-policy'], name).toBe('keep');
      expect(stateOf(objects), name).toEqual(expected);
    }
    // A claim of one's own is in no revision, so none deletes it.
    const own = render('volume', '--set', 'state.existingClaim=mine');
    expect(kindsOf(own)).not.toContain('PersistentVolumeClaim');
    expect(stateOf(own)).toEqual({ name: 'state', persistentVolumeClaim: { claimName: 'mine' } });
  });

  it('has the alert rules and the follower as they lie in packaging/', () => {
    const rules = find(render('observe'), 'PrometheusRule')['spec'];
    expect(rules).toEqual(
      parse(readFileSync(path.join(CHART, '../../alerts/sunk-agent.rules.yaml'), 'utf8')),
    );
    const { data } = find(render('volume'), 'ConfigMap', 'sunk-agent-follower') as {
      data: Record<string, string>;
    };
    // A ConfigMap has no directories, and the longrun of s6 is in the overlay.
    const names = readdirSync(path.join(CHART, '../../follower')).filter((name) => name !== 's6-rc.d');
    expect(names.length).toBeGreaterThan(10);
    for (const name of names)
      expect(data[name], name).toBe(readFileSync(path.join(CHART, '../../follower', name), 'utf8'));
    expect(JSON.stringify(data).length).toBeLessThan(1_000_000);
  });

  it('writes for a SunkCluster, which mounts no ConfigMap, the files that the ConfigMap has', () => {
    const objects = render('volume', '--set', 'follower.sunkCluster=true');
    const { data } = find(objects, 'ConfigMap', 'sunk-agent-follower') as { data: Record<string, string> };
    const cluster = find(objects, 'ConfigMap', 'sunk-agent-sunkcluster') as { data: Record<string, string> };
    const [install] = (parse(cluster.data['spec.yaml'] ?? '') as { s6: { script: string }[] }).s6;
    const directory = mkdtempSync(path.join(tmpdir(), 'sunkcluster-'));
    try {
      const [lay = ''] = install?.script.split('profile=login\n# Where jobs run') ?? [];
      const below = (text: string): string => text.replaceAll('/usr/share/sunk-agent/', `${directory}/`);
      const run = (input: string): void =>
        expect(spawnSync('sh', [], { input, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
      mkdirSync(path.join(directory, 'follower'));
      writeFileSync(path.join(directory, 'follower/old'), '');
      // Up to the last step a follower that starts finds none of them.
      run(below(lay).replace(/^rm -rf .*\nmv -T [^]*/m, ''));
      expect(readdirSync(path.join(directory, 'follower'))).toEqual(['old']);
      run(below(lay));
      // Controller pods run no services of others.
      const { 'controller.conf': _, ...wanted } = data;
      const read = (name: string): string => readFileSync(path.join(directory, 'follower', name), 'utf8');
      expect(readdirSync(directory)).toEqual(['follower']);
      expect(readdirSync(path.join(directory, 'follower')).sort()).toEqual(Object.keys(wanted).sort());
      for (const [name, text] of Object.entries(wanted))
        expect(read(name).trim(), name).toBe(below(text).trim());
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

interface Pod {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly readOnly?: boolean;
    readonly subPath?: string;
  }[];
  readonly securityContext: unknown;
}
