// The chart's publisher, run as helm renders it: its objects, what the kubelet makes of them, and both containers.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../eventually.ts';
import type { Result } from '../nodes/run.ts';
import { type KubernetesObject, renderChart } from './chart.ts';
import { type Container, type ContainerSpec, startContainer } from './container.ts';

/** A directory of this machine for each; those that the rendered pod does not mount are not used. */
const VOLUMES = ['config', 'state', 'run', 'compiled', 'tmp', 'token', 'volume', 'heartbeats', 'api'];
const EMPTY_DIRECTORIES = ['run', 'compiled', 'tmp'];

export interface PublisherSetup {
  /** Values files are named from here, and the volumes lie here. */
  readonly directory: string;
  readonly rootfs: string;
  /** A network namespace, as a path. */
  readonly network: string;
  /** What the kubelet sets in each container. */
  readonly environment: Readonly<Record<string, string>>;
}

export class Publisher {
  private readonly setup: PublisherSetup;
  private containers: { readonly agent: Container; readonly reader: Container } | null = null;

  constructor(setup: PublisherSetup) {
    this.setup = setup;
  }

  /** `helm upgrade` with these arguments: the pod before it ends first, as with the strategy Recreate. */
  async upgrade(args: readonly string[]): Promise<void> {
    const [agent, reader] = this.apply(args);
    if (agent === undefined || reader === undefined) throw new Error('the pod has two containers');
    await this.kill();
    for (const name of EMPTY_DIRECTORIES) {
      rmSync(this.at(name), { recursive: true, force: true });
      mkdirSync(this.at(name));
      chmodSync(this.at(name), 0o777);
    }
    // In either order, as the kubelet does.
    const started = { reader: await this.start(reader), agent: await this.start(agent) };
    this.containers = started;
    await eventually(
      'the agent is alive',
      () => started.agent.exec('/usr/lib/sunk-agent/pod/alive').status === 0,
      () => this.log(),
    );
  }

  /** A command in the agent's container: `sunk-agent status`. */
  exec(command: string): Result {
    if (this.containers === null) throw new Error('there is no pod');
    return this.containers.agent.exec(command);
  }

  log(): string {
    const { agent, reader } = this.containers ?? {};
    return [agent, reader].map((one) => one?.log().slice(-1500) ?? '').join('\n');
  }

  async kill(): Promise<void> {
    await this.containers?.agent.kill();
    await this.containers?.reader.kill();
    this.containers = null;
  }

  private readonly at = (name: string): string => path.join(this.setup.directory, name);

  /** The objects with these arguments, and what the kubelet makes of ConfigMaps. */
  private apply(args: readonly string[]): ContainerSpec[] {
    const objects = renderChart('sunk-agent', ...args);
    const find = (kind: string, name: string): unknown =>
      objects.find((one: KubernetesObject) => one.kind === kind && one.metadata.name === name);
    const { data } = find('ConfigMap', 'sunk-agent-config') as ConfigMap;
    mkdirSync(this.at('config'), { recursive: true });
    writeFileSync(this.at('config/config.yaml'), data['config.yaml'] ?? '');
    const follower = find('ConfigMap', 'sunk-agent-follower') as ConfigMap | undefined;
    mkdirSync(this.at('follower'), { recursive: true });
    for (const [name, text] of Object.entries(follower?.data ?? {}))
      writeFileSync(this.at(`follower/${name}`), text, { mode: 0o555 });
    const deployment = find('Deployment', 'sunk-agent') as Deployment;
    return deployment.spec.template.spec.containers;
  }

  private start(spec: ContainerSpec): Promise<Container> {
    const { rootfs, network, environment } = this.setup;
    const volumes = Object.fromEntries(VOLUMES.map((name) => [name, this.at(name)]));
    return startContainer(spec, rootfs, volumes, network, this.at(`${spec.name}.log`), environment);
  }
}

interface ConfigMap {
  readonly data: Readonly<Record<string, string>>;
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: ContainerSpec[] } } };
}
