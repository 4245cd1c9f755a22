// What a change means for the person or group it is done for, in one word: what is measured, hashed and recorded.
import type { DisabledBecause, DesiredAccount, DesiredState } from '../../policy/model.ts';
import type { Change } from '../change.ts';

/**
 * `close` they cannot log in any more; `lose-keys` the same, because no key is left; `drop-keys` some keys go;
 * `replace-keys` all keys go and others come; `leave` a group without them; `remove` their line goes;
 * `sudo` they get sudo; `drop-group` the group goes; `none` nothing that the guard measures.
 */
export type Effect =
  'close' | 'lose-keys' | 'drop-keys' | 'replace-keys' | 'leave' | 'remove' | 'sudo' | 'drop-group' | 'none';

/** The desired account of a person, if there is to be one. */
export type EffectContext = (scimId: string | null) => DesiredAccount | undefined;

/** The desired accounts by SCIM id. */
export function readEffectContext({ accounts }: Pick<DesiredState, 'accounts'>): EffectContext {
  const byId = new Map(accounts.map((account) => [account.scimId, account]));
  return (scimId) => (scimId === null ? undefined : byId.get(scimId));
}

/** Why the person of a change is to be disabled; null: the change is of no person, or of an enabled account. */
export function findDisabledReason(
  { kind, scimId }: Change,
  accountOf: EffectContext,
): DisabledBecause | null {
  return kind === 'group-create' || kind === 'group-remove' ? null : (accountOf(scimId)?.disabled ?? null);
}

/** The effect of one change. All that belongs to disabling an account is `close`, so that it goes or waits together. */
export function nameEffect(change: Change, accountOf: EffectContext): Effect {
  const account = accountOf(change.scimId);
  const isDisabled = (account?.disabled ?? null) !== null;
  switch (change.kind) {
    case 'account-close':
      return 'close';
    case 'sessions-end':
    case 'jobs-disable':
    case 'hook-run':
      // With a line that goes, whether there is anything to end differs from node to node, and the hash must not.
      return isDisabled ? 'close' : 'none';
    case 'keys-remove':
      if (isDisabled) return 'close';
      // A former name's file, while the keys go on under the present one, takes nothing away.
      return account !== undefined && account.keyFile !== '' ? 'none' : 'lose-keys';
    case 'member-remove':
      return isDisabled ? 'close' : 'leave';
    case 'account-remove':
      return 'remove';
    case 'group-remove':
      return 'drop-group';
    case 'member-add':
      return change.sudo ? 'sudo' : 'none';
    case 'keys-write': {
      if (change.lost.length === 0) return 'none';
      const isAllNew = change.gained.length === (isDisabled ? 0 : (account?.keys.length ?? 0));
      return isAllNew ? 'replace-keys' : 'drop-keys';
    }
    case 'account-alter':
    case 'account-create':
    case 'account-reopen':
    case 'group-create':
    case 'home-create':
    case 'jobs-restore':
    case 'sudoers-remove':
    case 'sudoers-write':
      break;
  }
  return 'none';
}
