// Which of the configured attribute paths match no user: most likely a slip in the configuration.
import type { Config } from '../../config/config.ts';
import { compilePath, type Getter } from '../../protocol/attribute-path.ts';
import type { Finding, ResourceKind } from '../../protocol/records.ts';

type Key = keyof Config['scim']['attributes'];

/** What was seen in one page, which is the same for an equal page. */
export interface SeenPaths {
  /** Resources. */
  readonly count: number;
  /** Paths that one of them has. */
  readonly matched: readonly Key[];
}

export interface PagePaths {
  /** Looks at one raw resource; costs nothing once every path has matched. */
  see(raw: unknown): void;
  seen(): SeenPaths;
}

export interface PathTally {
  /** Starts on a page; what is seen in it counts at once. */
  open(kind: ResourceKind): PagePaths;
  /** Counts a page that was seen before. */
  add(kind: ResourceKind, paths: SeenPaths): void;
  /** How many were looked at. */
  seen(kind: ResourceKind): number;
  /** One finding for each path that no resource of this kind had; none where there was no resource. */
  unmatched(kind: ResourceKind): Finding[];
}

const KEYS: Readonly<Record<ResourceKind, readonly Key[]>> = {
  User: ['ssh_keys', 'username', 'uid', 'gid', 'home', 'shell'],
  Group: ['group_name', 'group_gid'],
};

/** Facts that are not needed where ids are derived. */
const IDS: readonly Key[] = ['uid', 'gid', 'group_gid'];

interface ConfiguredPath {
  readonly key: Key;
  readonly path: string;
  readonly get: Getter;
}

/** An empty tally for one sync. */
export function createPathTally({ scim, accounts }: Config): PathTally {
  const paths = { User: compile('User'), Group: compile('Group') };
  const matched = { User: new Set<Key>(), Group: new Set<Key>() };
  const seen = { User: 0, Group: 0 };

  function compile(kind: ResourceKind): ConfiguredPath[] {
    return KEYS[kind].flatMap((key) => {
      const path = scim.attributes[key];
      if (path === null || (accounts.ids === 'derived' && IDS.includes(key))) return [];
      return [{ key, path, get: compilePath(path) }];
    });
  }

  function add(kind: ResourceKind, { count, matched: keys }: SeenPaths): void {
    seen[kind] += count;
    for (const key of keys) matched[kind].add(key);
  }

  return {
    open(kind) {
      let open: readonly ConfiguredPath[] = paths[kind];
      let count = 0;
      const found: Key[] = [];
      return {
        see(raw) {
          const hits = open.filter(({ get }) => (get(raw) ?? null) !== null).map(({ key }) => key);
          if (hits.length > 0) open = open.filter(({ key }) => !hits.includes(key));
          count += 1;
          found.push(...hits);
          add(kind, { count: 1, matched: hits });
        },
        seen: () => ({ count, matched: found }),
      };
    },
    add,
    seen: (kind) => seen[kind],
    unmatched: (kind) =>
      seen[kind] === 0
        ? []
        : paths[kind]
            .filter(({ key }) => !matched[kind].has(key))
            .map(({ key, path }) => ({
              code: 'path-unmatched',
              detail: `scim.attributes.${key}: no ${kind} has ${path}`,
            })),
  };
}
