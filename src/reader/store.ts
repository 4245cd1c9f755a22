// The reader's view of the store: one client for the life of the process, what the store offers, whether deltas work.
import type { Config } from '../config/config.ts';
import { type ScimClient, createClient } from './http/client.ts';
import { probeDelta } from './delta.ts';
import type { Meter } from './http/meter.ts';
import { askProvider, type Provider } from './provider.ts';
import { createTrafficTally, type TrafficTally } from '../protocol/traffic.ts';

export interface Store {
  readonly client: ScimClient;
  readonly config: Config;
  readonly root: string;
  readonly traffic: TrafficTally;
  /** What its ServiceProviderConfig offers; asked again after an hour. */
  provider(meter: Meter): Promise<Provider>;
  /** Whether it honours a filter on `meta.lastModified`; probed again after a day, or after an hour if it did not. */
  honoursDelta(meter: Meter): Promise<boolean>;
  /** Records that a delta showed the opposite of the probe. */
  distrustDelta(): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @param random in [0, 1), for the pauses between attempts. */
export function openStore(config: Config, root: string, random = Math.random): Store {
  const { scim } = config;
  const traffic = createTrafficTally();
  const client = createClient(scim, root, { traffic, random });
  const provider = createTimedMemo<Provider>();
  const delta = createTimedMemo<boolean>();

  return {
    client,
    config,
    root,
    traffic,
    async provider(meter) {
      return provider.get() ?? provider.set(await askProvider(client, meter), HOUR_MS);
    },
    async honoursDelta(meter) {
      const known = delta.get();
      if (known !== null) return known;
      const honours =
        (await probeDelta(client, scim, 'User', meter)) && (await probeDelta(client, scim, 'Group', meter));
      return delta.set(honours, honours ? DAY_MS : HOUR_MS);
    },
    distrustDelta() {
      delta.set(false, DAY_MS);
    },
  };
}

/** One value that expires. */
function createTimedMemo<T>() {
  let memo: { readonly value: T; readonly until: number } | null = null;
  return {
    get: (): T | null => (memo !== null && performance.now() < memo.until ? memo.value : null),
    set(value: T, ms: number): T {
      memo = { value, until: performance.now() + ms };
      return value;
    },
  };
}
