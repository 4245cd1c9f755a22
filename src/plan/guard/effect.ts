// What a change means for the person or group it is done for, in one word: what is weighed, hashed and remembered.
import type { DisabledBecause, DesiredAccount, DesiredState } from '../../policy/model.ts';
import type { Change } from '../change.ts';

/**
 * `close` they cannot log in any more; `lose-keys` the same, because no key is left; `drop-keys` some keys go;
 * `replace-keys` all keys go and others come; `leave` a group without them; `remove` their line goes;
 * `sudo` they get sudo; `drop-group` the group goes; `none` nothing that a guard would weigh.
 */
export type Effect =
  'close' | 'lose-keys' | 'drop-keys' | 'replace-keys' | 'leave' | 'remove' | 'sudo' | 'drop-group' | 'none';

/** What must be known of the wish to name effects: the account of a person, if there is to be one. */
export type EffectContext = (scimId: string | null) => DesiredAccount | undefined;

/** The accounts by SCIM id, gathered when somebody is first asked for: most passes have no change to weigh. */
export function readEffectContext({ accounts }: DesiredState): EffectContext {
  let byId: ReadonlyMap<string, DesiredAccount> | null = null;
  return (scimId) => {
    if (scimId === null) return undefined;
    byId ??= new Map(accounts.map((account) => [account.scimId, account]));
    return byId.get(scimId);
  };
}

/** Why the person whom a change concerns is to be closed; null: nobody's account, or an open one. */
export function findDisabledReason(
  { kind, scimId }: Change,
  accountOf: EffectContext,
): DisabledBecause | null {
  return kind === 'group-create' || kind === 'group-remove' ? null : (accountOf(scimId)?.disabled ?? null);
}

/** The effect of one change. Everything that belongs to a closing is `close`, so that it goes or waits together. */
export function nameEffect(change: Change, accountOf: EffectContext): Effect {
  const account = accountOf(change.scimId);
  const isClosed = (account?.disabled ?? null) !== null;
  switch (change.kind) {
    case 'account-close':
      return 'close';
    case 'sessions-end':
    case 'jobs-disable':
    case 'hook-run':
      // With a line that goes, whether there is anything to end differs from node to node, and the hash must not.
      return isClosed ? 'close' : 'none';
    case 'keys-remove':
      if (isClosed) return 'close';
      // A former name's file, while the keys go on under the present one, takes nothing from anybody.
      return account !== undefined && account.keyFile !== '' ? 'none' : 'lose-keys';
    case 'member-remove':
      return isClosed ? 'close' : 'leave';
    case 'account-remove':
      return 'remove';
    case 'group-remove':
      return 'drop-group';
    case 'member-add':
      return change.sudo ? 'sudo' : 'none';
    case 'keys-write': {
      if (change.lost.length === 0) return 'none';
      const isAllNew = change.gained.length === (isClosed ? 0 : (account?.keys.length ?? 0));
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
