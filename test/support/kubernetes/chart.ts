// The chart, linted and rendered by the real helm, and its objects held to typed schemas.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { findObstacle } from '../obstacle.ts';
import { describeUnless } from '../requirements.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const TOOLS = path.join(PROJECT, '.cache/kubernetes-tools');
const HELM = path.join(TOOLS, 'helm');
export const CHART = path.join(PROJECT, 'packaging/helm/sunk-agent');

/** Why the chart cannot be rendered here; null: it can. */
export const CHART_PROBLEM =
  process.arch !== 'x64'
    ? 'helm is had for amd64 alone'
    : existsSync(HELM)
      ? null
      : 'there is no helm: sh test/setup.sh installs it';

/** `describeOnNodes` for what is run as the chart renders it. */
export function describeChartOnNodes(name: string, body: () => void): void {
  describeUnless(findObstacle() ?? CHART_PROBLEM, name, body);
}

export interface HelmAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runHelm(...args: string[]): HelmAnswer {
  const { status, stdout, stderr } = spawnSync(HELM, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env['PATH'], HOME: TOOLS },
  });
  return { status, stdout, stderr: stderr.replaceAll(/^level=INFO.*\n/gm, '') };
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** @throws Error with what helm says. */
export function renderChart(release: string, ...args: string[]): KubernetesObject[] {
  const { status, stdout, stderr } = runHelm(
    'template',
    release,
    CHART,
    '--namespace',
    'tenant-slurm',
    ...args,
  );
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** Objects of a kind that npm has no schema of. */
const WITHOUT_SCHEMA = new Set(['VMPodScrape']);

/** @throws Error naming path and rule. @returns whether there is a schema to hold it to. */
export async function validateObject(object: KubernetesObject): Promise<boolean> {
  if (WITHOUT_SCHEMA.has(object.kind)) return false;
  const name = object.apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  const file = path.join(TOOLS, 'node_modules', name, object.apiVersion, `${object.kind}.js`);
  const models = (await import(pathToFileURL(file).href)) as Record<
    string,
    new (data: unknown) => { validate(): void }
  >;
  const Model = models[object.kind];
  if (Model === undefined) throw new Error(`${name} has no ${object.kind}`);
  new Model(object).validate();
  return true;
}
