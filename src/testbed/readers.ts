// The login nodes as the service sees them: who polls with a read-only token, when, and with which snapshot.
import type { Request } from './exchange.ts';
import type { Token } from './tokens.ts';

/** The header in which a reader says what its node has: `HASH; node="NAME"`; nothing of the records themselves. */
export const SNAPSHOT_HEADER = 'sunk-agent-snapshot';

export interface Reader {
  /** Name of the token that it uses. */
  readonly token: string;
  /** As the node calls itself; null where it says nothing. */
  readonly node: string | null;
  /** Hash of the snapshot that the node had at its last poll; null where it says nothing. */
  readonly snapshot: string | null;
  /** ISO time at which it first said this hash. */
  readonly since: string | null;
  /** ISO time of the last request. */
  readonly lastPoll: string;
  readonly requests: number;
  /** Of the last answer. */
  readonly status: number;
}

export interface Readers {
  note(request: Request, token: Token, status: number): void;
  /** By token, then node. */
  list(): readonly Reader[];
}

/** Beyond this many those are forgotten that have not polled for longest. */
const KEPT = 1000;
const ANNOUNCEMENT = /^([0-9a-f]{6,64})(?:; *node="([A-Za-z0-9._-]{1,64})")?$/;

/** @param now epoch milliseconds. */
export function createReaders(now: () => number): Readers {
  const readers = new Map<string, Reader>();
  return {
    note({ headers }, token, status) {
      const [, hash = null, node = null] = ANNOUNCEMENT.exec(String(headers[SNAPSHOT_HEADER] ?? '')) ?? [];
      const key = JSON.stringify([token.name, node]);
      const before = readers.get(key);
      const lastPoll = new Date(now()).toISOString();
      const snapshot = hash ?? before?.snapshot ?? null;
      const since = snapshot !== before?.snapshot ? lastPoll : before.since;
      readers.delete(key);
      readers.set(key, {
        token: token.name,
        node,
        snapshot,
        since: snapshot === null ? null : since,
        lastPoll,
        requests: (before?.requests ?? 0) + 1,
        status,
      });
      const [oldest] = readers.keys();
      if (readers.size > KEPT && oldest !== undefined) readers.delete(oldest);
    },
    list: () => [...readers.values()].sort((one, other) => nameOf(one).localeCompare(nameOf(other))),
  };
}

function nameOf({ token, node }: Reader): string {
  return `${token}\n${node ?? ''}`;
}

/** The snapshot that most nodes have (of equals, the one that was first said last); null if no node says any. */
export function findCommonSnapshot(readers: readonly Reader[]): string | null {
  const counts = new Map<string, { nodes: number; newest: string }>();
  for (const { snapshot, since } of readers) {
    if (snapshot === null) continue;
    const { nodes = 0, newest = '' } = counts.get(snapshot) ?? {};
    counts.set(snapshot, { nodes: nodes + 1, newest: since !== null && since > newest ? since : newest });
  }
  const [first] = [...counts].sort(
    ([, one], [, other]) => other.nodes - one.nodes || other.newest.localeCompare(one.newest),
  );
  return first?.[0] ?? null;
}
