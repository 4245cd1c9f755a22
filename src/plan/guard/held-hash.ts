// The hash of a held set: equal on every node and in every sync, because only people and effects go into it.
import { hash } from 'node:crypto';
import type { DesiredState } from '../../policy/model.ts';
import { type Change, describeKind } from '../change.ts';
import { nameEffect, type EffectContext } from './effect.ts';

/** The person or group of a change, as a key: people and groups may have equal SCIM ids. */
export function nameUnit(change: Change): string {
  const { scimId, name } = change;
  return `${describeKind(change).unit} ${scimId ?? `name ${name}`}`;
}

/** SCIM ids of groups by their name on the host, for hashes that do not depend on names where ids are known. */
export function readGroupIds(desired: DesiredState): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { kind, name, scimId } of desired.leftovers) if (kind === 'group') ids.set(name, scimId);
  for (const { name, scimId } of desired.groups) ids.set(name, scimId);
  return ids;
}

/**
 * SHA-256 over the sorted, distinct lines `kind, SCIM id, effect`, in 16 hexadecimal digits. How far a node has
 * come with a person (keys gone already, no session there) and what merely waits along make no difference.
 */
export function hashChanges(
  changes: readonly Change[],
  context: EffectContext,
  groupIds: ReadonlyMap<string, string>,
): string {
  const measured = changes.filter((change) => nameEffect(change, context) !== 'none');
  const counted = measured.length > 0 ? measured : changes;
  return hashLines(counted.map((change) => describeEffect(change, context, groupIds)));
}

/** The same for lines that are made already. */
export function hashLines(lines: Iterable<string>): string {
  return hash('sha256', [...new Set(lines)].sort().join('\n'), 'hex').slice(0, 16);
}

function describeEffect(
  change: Change,
  context: EffectContext,
  groupIds: ReadonlyMap<string, string>,
): string {
  const unit = nameUnit(change);
  const effect = nameEffect(change, context);
  const parts =
    effect === 'leave' || effect === 'sudo'
      ? [groupIds.get(change.name) ?? change.name]
      : describeKind(change).hashed(change);
  return JSON.stringify([unit, effect === 'none' ? change.kind : effect, ...parts]);
}
