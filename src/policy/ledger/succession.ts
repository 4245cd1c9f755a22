// People and groups that the store deleted and created again: who claims what the ledger binds to an id that is gone.
import type { Config } from '../../config/config.ts';
import { compare } from '../../common/text/compare.ts';
import type { Binding, Refusal, StoredGroup, StoredUser } from '../model.ts';
import { foldDomains, readGroupName, readUsername } from '../identity/username.ts';

/** One who was created again, and has nothing of what the ledger binds to the former SCIM id. */
export interface Succession {
  readonly kind: Binding['kind'];
  /** The name that the ledger binds. */
  readonly name: string;
  /** The SCIM id that the ledger binds it to. The store no longer has it, or it is inactive. */
  readonly from: string;
  /** The SCIM id of the one who claims it. */
  readonly to: string;
}

export interface SuccessionQuestion {
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly bindings: readonly Binding[];
  readonly config: Config;
}

/**
 * Pairs each binding whose owner is gone with those records that are there, bound to nothing and claim the same: the name,
 * the `externalId`, or (a user) the userName. Nothing moves by it: an operator decides (`sunk-agent rebind`).
 * @returns sorted by kind, then by name; several of one binding where several claim it.
 */
export function findSuccessions(question: SuccessionQuestion): Succession[] {
  const { users, groups, bindings, config } = question;
  const domains = foldDomains(config.accounts.domains);
  const found = [
    ...pair('account', users, bindings, ({ record }) => [
      readName(readUsername(record.username, domains)),
      `user ${record.userName.toLowerCase()}`,
      record.externalId === null ? null : `external ${record.externalId}`,
    ]),
    ...pair('group', groups, bindings, ({ record }) => [
      readName(readGroupName(record.name)),
      record.externalId === null ? null : `external ${record.externalId}`,
    ]),
  ];
  return found.sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name) || compare(a.to, b.to));
}

/** Those who have access at the store and are refused here. */
export function findStranded(
  successions: readonly Succession[],
  refusals: readonly Refusal[],
): readonly Succession[] {
  if (successions.length === 0) return successions;
  const refused = new Set(refusals.map(({ kind, scimId }) => `${kind} ${scimId}`));
  return successions.filter(({ kind, to }) => refused.has(`${kind === 'account' ? 'User' : 'Group'} ${to}`));
}

/** Whether the store still has it; a user who is inactive counts as gone, since that is how some stores delete. */
export function isLiving({ record, absent }: StoredUser | StoredGroup): boolean {
  return !absent && (!('active' in record) || record.active);
}

function readName(
  reading: { readonly ok: true; readonly name: string } | { readonly ok: false },
): string | null {
  return reading.ok ? `name ${reading.name}` : null;
}

function pair<Record extends StoredUser | StoredGroup>(
  kind: Binding['kind'],
  records: readonly Record[],
  bindings: readonly Binding[],
  claimsOf: (record: Record) => readonly (string | null)[],
): Succession[] {
  const bound = new Map(bindings.flatMap((one) => (one.kind === kind ? [[one.scimId, one] as const] : [])));
  const gone = new Map(bound);
  for (const item of records) if (isLiving(item)) gone.delete(item.record.id);
  if (gone.size === 0) return [];
  const former = new Map<string, Record>();
  for (const item of records) if (gone.has(item.record.id)) former.set(item.record.id, item);
  const owners = new Map<string, Binding[]>();
  for (const [scimId, binding] of gone) {
    const record = former.get(scimId);
    for (const claim of new Set([`name ${binding.name}`, ...(record === undefined ? [] : claimsOf(record))]))
      if (claim !== null) owners.set(claim, [...(owners.get(claim) ?? []), binding]);
  }
  return records.flatMap((item) => {
    const { id } = item.record;
    if (!isLiving(item) || bound.has(id)) return [];
    const claimed = new Set(
      claimsOf(item).flatMap((claim) => (claim === null ? [] : (owners.get(claim) ?? []))),
    );
    return [...claimed].map(({ scimId, name }) => ({ kind, name, from: scimId, to: id }));
  });
}
