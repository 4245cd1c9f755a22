// `npm run chart-schema`: values.schema.json of the chart, out of this schema and the one of sunk-agent.yaml.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { configSchema } from '../../src/config/config.ts';

const FILE = path.join(import.meta.dirname, 'sunk-agent/values.schema.json');

/** What the chart sets in sunk-agent.yaml: said twice, one of the two would be wrong. */
const OWN = [
  ['scim', 'tokens'],
  ['accounts', 'backend'],
  ['access', 'sudo_groups'],
  ['publish', 'directory'],
  ['publish', 'key'],
  ['publish', 'heartbeats'],
  ['publish', 'secrets'],
  ['metrics', 'pod_port'],
] as const;

const name = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/);
const object = z.record(z.string(), z.unknown());
const labels = z.record(z.string(), z.string());
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));
const resources = z.strictObject({
  requests: quantities.optional(),
  limits: quantities.optional(),
  claims: z.array(object).optional(),
});
const watched = z.strictObject({ enabled: z.boolean(), labels: labels.optional() });
const map = z.strictObject({ secret: name.min(1), key: z.string().regex(/^[A-Za-z0-9._-]+$/) });

const values = z.strictObject({
  global: object.optional(),
  image: z.strictObject({
    repository: z.string().regex(/^[a-z0-9][A-Za-z0-9._:/-]*$/),
    tag: z.string().regex(/^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: name.min(1) })),
  existingSecret: name.min(1),
  config: object,
  sudoGroups: z.array(z.string().min(1)),
  secrets: z.strictObject({
    enabled: z.boolean(),
    passwd: map,
    group: map,
    shadow: map,
    sshkey: map,
    losses: z.enum(['hold', 'accept']),
    namespace: name.min(1).optional(),
    verify: z.string().optional(),
  }),
  volume: z.strictObject({
    existingClaim: name,
    heartbeats: z.strictObject({ existingClaim: name }),
  }),
  publishKey: z.strictObject({ existingSecret: name }),
  follower: z.strictObject({
    enabled: z.boolean(),
    // Lines of a file, within a script of the SunkCluster: one line each.
    publishers: z.array(
      z.string().regex(/^sunk-agent namespaces="sunk-agent-generation" ssh-ed25519 [!-~]+( [ -~]*)?$/),
    ),
    operators: z.array(z.string().regex(/^operator namespaces="sunk-agent-block" [!-~]+ [!-~]+( [ -~]*)?$/)),
    poll: z.int().min(1).max(3600),
    sunkCluster: z.boolean(),
    // Within quotes of sh in the follower's configuration.
    users: z.array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)),
    groups: z.array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)),
  }),
  state: z.strictObject({
    existingClaim: name,
    size: z.string().regex(/^[1-9][0-9]*[GMT]i$/),
    storageClassName: name,
  }),
  agent: z.strictObject({ isolateNetwork: z.boolean(), resources }),
  reader: z.strictObject({ resources }),
  slurm: z.strictObject({
    worker: z.strictObject({
      enabled: z.boolean(),
      image: z.string().max(500),
      uid: z.int().min(1).max(60_000),
      existingConfigMap: name,
      munge: z.strictObject({
        existingSecret: name,
        key: z.string().regex(/^[A-Za-z0-9._-]+$/),
        uid: z.int().min(1).max(60_000),
      }),
      ports: z.array(z.int().min(1).max(65_535)),
      resources,
    }),
  }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    egressCidrs: z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)),
    ports: z.array(z.int().min(1).max(65_535)),
  }),
  podMonitor: watched,
  vmPodScrape: watched,
  prometheusRule: watched,
  dashboard: watched,
  tolerations: z.array(object),
  nodeSelector: labels,
  affinity: object,
  podAnnotations: labels,
  podSecurityContext: object,
});

type Schema = { properties?: Record<string, Schema>; required?: string[] };

/** The text of values.schema.json. */
export function renderValuesSchema(): string {
  const schema = z.toJSONSchema(values, { io: 'input' });
  const { $schema: _, ...config } = z.toJSONSchema(configSchema, { io: 'input' });
  dropLookarounds(config);
  for (const [section, key] of OWN) delete (config as Schema).properties?.[section]?.properties?.[key];
  (schema as Schema).properties = { ...(schema as Schema).properties, config: config as Schema };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Helm's regular expressions are RE2's: what needs more is checked by the agent, when it starts. */
function dropLookarounds(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { pattern } = schema as { pattern?: unknown };
  if (typeof pattern === 'string' && pattern.includes('(?!'))
    delete (schema as { pattern?: unknown }).pattern;
  for (const inner of Object.values(schema)) dropLookarounds(inner);
}

if (import.meta.main) writeFileSync(FILE, renderValuesSchema());

/** As it is in the repository. */
export function readValuesSchema(): string {
  return readFileSync(FILE, 'utf8');
}
