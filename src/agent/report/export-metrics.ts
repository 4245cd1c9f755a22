// Publishes the metrics after each sync: to the reader, which serves them, and to node_exporter's text file.
import path from 'node:path';
import { readVersion } from '../../common/version.ts';
import { describeError } from '../../common/errors.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import { createLogDedup } from '../../common/log-dedup.ts';
import { readMetricsAddress } from '../../config/monitoring.ts';
import type { NodeContext } from '../node-context.ts';
import type { ReaderLink } from '../reader-client/reader-link.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import { readFleet } from '../../publish/read-fleet.ts';
import { isPublishing } from '../publication/publish-generation.ts';
import { readSlurmStatus } from '../slurm/slurm-status.ts';
import type { Metrics } from './metrics.ts';
import type { Status } from './status.ts';

export interface MetricsPublisher {
  /** Publishes a sync that has ended; never fails, since a monitor must not stop what it watches. */
  publish(report: SyncReport, status: Status): Promise<void>;
}

/** Seconds: a cluster may have thousands of heartbeats, and each is a file on a volume. */
const FLEET_EVERY = 60;
/** Syncs wait meanwhile. */
const FLEET_BUDGET_MS = 1000;

/** Does nothing, and loads nothing, unless `metrics` is configured. */
export async function openMetricsPublisher(
  context: NodeContext,
  link: ReaderLink,
): Promise<MetricsPublisher> {
  const { textfile } = context.config.metrics;
  const address = readMetricsAddress(context.config.metrics);
  if (address === null && textfile === null) return { publish: () => Promise.resolve() };
  const metrics = (await import('./metrics.ts')).createMetrics({
    version: readVersion(),
    config: context.config,
  });
  const failures = createLogDedup(context.log);
  link.onTraffic((traffic) => metrics.countTraffic(traffic));
  let fleetAt = 0;
  return {
    async publish(report, status) {
      try {
        metrics.count(report, status);
        const now = Math.floor(Date.now() / 1000);
        if (now >= fleetAt + FLEET_EVERY) {
          fleetAt = now;
          showFleet(context, metrics, now);
          const slurm = context.config.slurm.mode === 'off' ? null : readSlurmStatus(context.paths);
          if (slurm !== null) metrics.showSlurm(slurm);
        }
        const text = await metrics.render();
        if (address !== null) await link.current()?.showMetrics(text);
        const file = textfile === null ? null : path.join(context.paths.root, textfile);
        if (file !== null) replaceFiles([{ file, data: text, encoding: 'utf8', mode: 0o644 }]);
        failures.note(null);
      } catch (error) {
        failures.note(`the metrics could not be published: ${describeError(error)}`);
      }
    },
  };
}

/** Nothing where this node publishes no generations, or no follower reports to it. */
function showFleet({ config, paths }: NodeContext, metrics: Metrics, now: number): void {
  const { directory, heartbeats } = config.publish;
  if (!isPublishing(config) || heartbeats === null) return;
  const at = (name: string): string => path.join(paths.root, name);
  const directories = { directory: at(directory), heartbeats: at(heartbeats) };
  const { fleet, last } = readFleet(directories, now, FLEET_BUDGET_MS);
  metrics.showFleet(fleet, last?.signedAt ?? null);
}
