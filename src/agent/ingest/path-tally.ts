// Which of the configured attribute paths match no user: most likely a slip in the configuration.
import type { Config } from '../../config/config.ts';
import { compilePath, type Getter } from '../../protocol/attribute-path.ts';
import type { Finding, ResourceKind } from '../../protocol/records.ts';

type Key = keyof Config['scim']['attributes'];

export interface PathTally {
  /** Looks at one raw resource; costs nothing once every path has matched. */
  see(kind: ResourceKind, raw: unknown): void;
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
  /** The paths that nothing has matched yet. */
  const open = { User: compile('User'), Group: compile('Group') };
  const seen = { User: 0, Group: 0 };

  function compile(kind: ResourceKind): ConfiguredPath[] {
    return KEYS[kind].flatMap((key) => {
      const path = scim.attributes[key];
      if (path === null || (accounts.ids === 'derived' && IDS.includes(key))) return [];
      return [{ key, path, get: compilePath(path) }];
    });
  }

  return {
    see(kind, raw) {
      seen[kind] += 1;
      const isMatched = ({ get }: ConfiguredPath): boolean => (get(raw) ?? null) !== null;
      if (open[kind].some(isMatched)) open[kind] = open[kind].filter((path) => !isMatched(path));
    },
    seen: (kind) => seen[kind],
    unmatched: (kind) =>
      seen[kind] === 0
        ? []
        : open[kind].map(({ key, path }) => ({
            code: 'path-unmatched',
            detail: `scim.attributes.${key}: no ${kind} has ${path}`,
          })),
  };
}
