// What a rebind changes in the configuration, so that other nodes of the cluster give the same ids and follow the pins.
import type { Config } from '../../config/config.ts';
import type { ConfigEdit } from '../overrides/edit-config.ts';
import type { Rebinding } from '../../policy/ledger/rebind.ts';

/** @param config before the rebind. */
export function planConfigEdits(moves: readonly Rebinding[], config: Config): ConfigEdit[] {
  const named = new Set(
    [...config.access.groups, ...config.access.sudo_groups, ...config.overrides].flatMap((entry) => [
      entry.id,
      'group' in entry ? entry.group : undefined,
    ]),
  );
  return moves.flatMap(({ binding, to, id, storeId }): ConfigEdit[] => {
    const { kind, scimId } = binding;
    const edits: ConfigEdit[] = [];
    if (scimId !== to && named.has(scimId)) edits.push({ kind: 'move-id', from: scimId, to });
    if (storeId !== null) edits.push({ kind: kind === 'account' ? 'pin-uid' : 'pin-gid', scimId: to, id });
    else if (id !== binding.id && isPinned(config, [scimId, to])) edits.push({ kind: 'unpin', scimId: to });
    return edits;
  });
}

/** Whether `overrides` give one of them another id than that of the store, which was asked for. */
function isPinned({ overrides }: Config, ids: readonly string[]): boolean {
  return overrides.some(
    ({ id, group, uid, gid }) => (uid ?? gid) !== undefined && ids.includes(id ?? group ?? ''),
  );
}
