// Which of the configured attribute paths match nobody: most likely a slip in the configuration.
import type { Config } from '../config.ts';
import { compilePath, type Getter } from './attribute-path.ts';
import type { Finding, ResourceKind } from './resources.ts';

export interface PathTally {
  /** Looks at one raw resource; costs nothing once every path has matched. */
  see(kind: ResourceKind, raw: unknown): void;
  /** As many more, which need no look, since `isSettled`. */
  skip(kind: ResourceKind, count: number): void;
  /** Whether every path has matched. */
  isSettled(kind: ResourceKind): boolean;
  /** How many were looked at. */
  seen(kind: ResourceKind): number;
  /** One finding for each path that no resource of this kind had; none where there was no resource. */
  unmatched(kind: ResourceKind): Finding[];
}

type Key = keyof Config['scim']['attributes'];

const KEYS: Readonly<Record<ResourceKind, readonly Key[]>> = {
  User: ['ssh_keys', 'username', 'uid', 'gid', 'home', 'shell'],
  Group: ['group_name', 'group_gid'],
};

/** Facts that nobody looks for where ids are derived. */
const IDS: readonly Key[] = ['uid', 'gid', 'group_gid'];

/** An empty tally for one pass. */
export function createPathTally({ scim, accounts }: Config): PathTally {
  const seen = { User: 0, Group: 0 };
  const open = { User: compile('User'), Group: compile('Group') };

  function compile(kind: ResourceKind): { key: Key; path: string; get: Getter }[] {
    return KEYS[kind].flatMap((key) => {
      const path = scim.attributes[key];
      if (path === null || (accounts.ids === 'derived' && IDS.includes(key))) return [];
      return [{ key, path, get: compilePath(path) }];
    });
  }

  return {
    seen: (kind) => seen[kind],
    isSettled: (kind) => open[kind].length === 0,
    skip(kind, count) {
      seen[kind] += count;
    },
    see(kind, raw) {
      seen[kind] += 1;
      if (open[kind].length > 0) open[kind] = open[kind].filter(({ get }) => (get(raw) ?? null) === null);
    },
    unmatched: (kind) =>
      seen[kind] === 0
        ? []
        : open[kind].map(({ key, path }) => ({
            code: 'path-unmatched',
            detail: `scim.attributes.${key}: no ${kind} has ${path}`,
          })),
  };
}
