// What was moved to other SCIM ids: settings that name a former id mean the present one.
import type { Config } from '../../config/config.ts';
import type { Binding } from '../model.ts';

/** A move that was made before (`sunk-agent rebind`). */
export interface FormerBinding {
  readonly kind: Binding['kind'];
  readonly from: string;
  readonly to: string;
  readonly name: string;
  /** The uid or gid before it. */
  readonly id: number;
}

/** @param former the newest last. */
export function followId(id: string, kind: Binding['kind'], former: readonly FormerBinding[]): string {
  let present = id;
  for (const move of former) if (move.kind === kind && move.from === present) present = move.to;
  return present;
}

/**
 * The configuration with present ids in place of former ones, so that a pin or a block in a file that was not changed yet
 * keeps its meaning.
 */
export function followConfig(config: Config, former: readonly FormerBinding[]): Config {
  if (former.length === 0) return config;
  const follow = <Reference extends { readonly id: string | null }>(reference: Reference): Reference =>
    reference.id === null ? reference : { ...reference, id: followId(reference.id, 'group', former) };
  return {
    ...config,
    access: {
      ...config.access,
      groups: config.access.groups.map(follow),
      sudo_groups: config.access.sudo_groups.map(follow),
    },
    overrides: config.overrides.map((override) => {
      const { id, group } = override;
      if (id !== undefined) return { ...override, id: followId(id, 'account', former) };
      return group === undefined ? override : { ...override, group: followId(group, 'group', former) };
    }),
  };
}
