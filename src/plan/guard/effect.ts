// What a change means for the person or group it is done for, in one word: what is measured, hashed and recorded.
import type { DisabledBecause, DesiredAccount, DesiredState } from '../../policy/model.ts';
import { type Change, describeKind } from '../change.ts';
import type { Effect } from '../changes/descriptor.ts';

/** The desired account of a person, if there should be one. */
export type EffectContext = (scimId: string | null) => DesiredAccount | undefined;

/** The desired accounts by SCIM id. */
export function readEffectContext({ accounts }: Pick<DesiredState, 'accounts'>): EffectContext {
  const byId = new Map(accounts.map((account) => [account.scimId, account]));
  return (scimId) => (scimId === null ? undefined : byId.get(scimId));
}

/** Why the person of a change is to be disabled; null: the change is of no person, or of an enabled account. */
export function findDisabledReason(change: Change, accountOf: EffectContext): DisabledBecause | null {
  return describeKind(change).unit === 'Group' ? null : (accountOf(change.scimId)?.disabled ?? null);
}

/** The effect of one change. All that belongs to disabling an account is `close`, so that it goes or waits together. */
export function nameEffect(change: Change, accountOf: EffectContext): Effect {
  return describeKind(change).effect(change, accountOf(change.scimId));
}
