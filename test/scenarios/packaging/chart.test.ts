// The Helm chart: linted, rendered with each of its examples, and every object held to a typed schema.
import { readdirSync, readFileSync } from 'node:fs';
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
const NAMES = ['default', 'secrets', 'volume', 'slurm', 'observe', 'from-nsscache'];
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
  ])('refuses %s, naming its path', (wrong, said) => {
    expect(() => render('volume', '--set', wrong)).toThrow(said);
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
});

interface Container {
  readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[];
  readonly securityContext: unknown;
}
