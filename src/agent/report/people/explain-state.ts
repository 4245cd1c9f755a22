// The state of one person, and why: what the node does now comes before what the next sync would do.
import { sayTime } from '../../../common/text/relative-time.ts';
import type { DisabledBecause, Refusal } from '../../../policy/model.ts';
import { describeFinding } from '../../../protocol/records.ts';
import type { PeopleIndex } from './list-people.ts';
import type { PersonKey, PersonRow } from './person-row.ts';

const BECAUSE: Readonly<Record<DisabledBecause, string>> = {
  inactive: 'inactive at the store',
  absent: 'no longer in the store',
  'no-access-group': 'in no access group',
  'grant-ended': 'in no access group; a grant has ended',
  blocked: 'blocked by an operator',
  'not-listed-here': 'not in access.users of this node',
  retired: 'retired at the takeover',
};

interface OnNode {
  /** The account has a line, and the line lets in. */
  readonly isOpen: boolean;
  readonly hasLine: boolean;
  readonly keys: readonly PersonKey[];
}

export function explainState(
  scimId: string,
  node: OnNode,
  index: PeopleIndex,
): Pick<PersonRow, 'state' | 'why'> {
  const account = index.desired.get(scimId);
  const disabled = account?.disabled ?? null;
  const set = index.held.get(scimId);
  if (disabled === 'blocked')
    return node.isOpen
      ? { state: 'enabled', why: `${BECAUSE.blocked}, and still enabled: the next sync disables it` }
      : { state: 'blocked', why: BECAUSE.blocked };
  if (set !== undefined) return { state: 'held', why: `${set.reason} (sunk-agent approve ${set.hash})` };
  const finding = index.broken.get(scimId)?.findings[0];
  if (finding !== undefined)
    return { state: 'quarantined', why: `the record is broken: ${describeFinding(finding)}` };
  const refusals = index.refused.get(scimId) ?? [];
  if (account === undefined) return explainMissing(scimId, node, refusals, index);
  if (node.isOpen) return { state: 'enabled', why: explainEnabled(scimId, disabled, node, refusals, index) };
  if (disabled !== null) return { state: 'disabled', why: BECAUSE[disabled] };
  return {
    state: 'disabled',
    why: `${node.hasLine ? 'still disabled' : 'no account yet'}: the next sync enables it`,
  };
}

function explainMissing(
  scimId: string,
  { isOpen, hasLine }: OnNode,
  refusals: readonly Refusal[],
  index: PeopleIndex,
): Pick<PersonRow, 'state' | 'why'> {
  const [refusal] = refusals;
  if (refusal !== undefined)
    return { state: isOpen ? 'enabled' : 'refused', why: `${refusal.code}: ${refusal.detail}` };
  if (isOpen) return { state: 'enabled', why: 'the store has no record of it, so it stays as it is' };
  const common = index.decision.desired.refusals.find(({ code }) => code === 'marker-taken');
  if (common !== undefined && index.accessOf.has(scimId))
    return { state: 'refused', why: `${common.code}: ${common.detail}` };
  return {
    state: 'disabled',
    why: hasLine ? 'has no access' : 'left: the account is removed, and its name and uid stay reserved',
  };
}

function explainEnabled(
  scimId: string,
  disabled: DisabledBecause | null,
  { keys }: OnNode,
  refusals: readonly Refusal[],
  { accessOf, grantsOf, now }: PeopleIndex,
): string {
  if (disabled !== null) return `${BECAUSE[disabled]}, and still enabled: the next sync disables it`;
  const granted = (grantsOf.get(scimId) ?? []).map(
    ({ group, until, by, reason }) => `; ${group} by a grant of ${by} until ${sayTime(until)}: ${reason}`,
  );
  const groups = `member of ${(accessOf.get(scimId) ?? []).join(', ')}${granted.join('')}`;
  if (keys.some(({ expiresAt }) => expiresAt === null || expiresAt > now)) return groups;
  const [refusal] = refusals.filter(({ fingerprint }) => fingerprint !== undefined);
  if (keys.length > 0) return `${groups}; every key has expired`;
  return `${groups}; no key${refusal === undefined ? '' : `: ${refusal.code}`}`;
}
