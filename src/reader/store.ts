// The store as the reader knows it: one client for its whole life, what the store can do, and whether deltas work.
import type { Config } from '../config/config.ts';
import { type ScimClient, createClient } from './http/client.ts';
import { probeDelta } from './delta.ts';
import type { Meter } from './http/meter.ts';
import { createPageMemory, type PageMemory } from './pages/page-memo.ts';
import { askProvider, type Provider } from './provider.ts';
import { createTrafficTally, type TrafficTally } from '../protocol/traffic.ts';

export interface Store {
  readonly client: ScimClient;
  readonly config: Config;
  readonly root: string;
  readonly traffic: TrafficTally;
  readonly pages: PageMemory;
  /** What it says it can do; asked again after an hour. */
  provider(meter: Meter): Promise<Provider>;
  /** Whether it honours a filter on `meta.lastModified`; probed again after a day, or an hour if it did not. */
  honoursDelta(meter: Meter): Promise<boolean>;
  /** A delta showed that it does not, whatever the probe said. */
  distrustDelta(): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @param random in [0, 1), for the pauses between attempts. */
export function openStore(config: Config, root: string, random = Math.random): Store {
  const { scim } = config;
  const traffic = createTrafficTally();
  const client = createClient(scim, root, { traffic, random });
  const provider = createMemory<Provider>();
  const delta = createMemory<boolean>();

  return {
    client,
    config,
    root,
    traffic,
    pages: createPageMemory(),
    async provider(meter) {
      return provider.recall() ?? provider.keep(await askProvider(client, meter), HOUR_MS);
    },
    async honoursDelta(meter) {
      const known = delta.recall();
      if (known !== null) return known;
      const honours =
        (await probeDelta(client, scim, 'User', meter)) && (await probeDelta(client, scim, 'Group', meter));
      return delta.keep(honours, honours ? DAY_MS : HOUR_MS);
    },
    distrustDelta() {
      delta.keep(false, DAY_MS);
    },
  };
}

/** One value that is good for a time. */
function createMemory<T>() {
  let kept: { readonly value: T; readonly until: number } | null = null;
  return {
    recall: (): T | null => (kept !== null && performance.now() < kept.until ? kept.value : null),
    keep(value: T, ms: number): T {
      kept = { value, until: performance.now() + ms };
      return value;
    },
  };
}
