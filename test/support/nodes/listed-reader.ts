// A reader that has read both lists to their end, without a process: the store is two lists in memory.
import type { Reader } from '../../../src/agent/reader-client/reader-client.ts';

/** Raw resources as a store lists them. */
export interface Listed {
  readonly users: readonly object[];
  readonly groups: readonly object[];
}

/** @param clock epoch ms, of the store and of the node; default: now, at each answer. */
export function readListed({ users, groups }: Listed, clock: () => number = Date.now): Reader {
  const nothing = (): never => {
    throw new Error('no sync of this test asks for it');
  };
  const lists = { User: users, Group: groups };
  return {
    fetch({ mode }, sink) {
      for (const kind of ['User', 'Group'] as const) {
        sink({ n: 1, kind, resources: Buffer.from(JSON.stringify(lists[kind])) });
      }
      const now = clock();
      const complete = { User: true, Group: true };
      const numbers = { n: 1, mode, requests: 2, retries: 0, bytes: 0, server_time: now, local_time: now };
      return Promise.resolve({ say: 'end', complete, problems: [], ...numbers });
    },
    readSecrets: () => Promise.reject(new Error('this store has no Secrets')),
    writeSecrets: () => Promise.reject(new Error('this store has no Secrets')),
    read(kind, id) {
      const now = clock();
      const resource = lists[kind].find((one) => 'id' in one && one.id === id) ?? null;
      const found = resource === null ? 'absent' : 'present';
      const times = { problem: null, server_time: now, local_time: now };
      return Promise.resolve({ say: 'resource', n: 1, kind, id, found, resource, ...times });
    },
    probe: nothing,
    watch: () => {},
    resume: () => {},
    announce: () => {},
    onTraffic: () => {},
    showMetrics: nothing,
    close: () => {},
  };
}
