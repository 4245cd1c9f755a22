// What a change means for the person or group it is done for, in one word: what is weighed, hashed and remembered.
import type { DesiredHost } from '../policy/desired.ts';
import type { Change } from './change.ts';

/**
 * `close` they cannot log in any more; `lose-keys` the same, because no key is left; `drop-keys` some keys go;
 * `replace-keys` all keys go and others come; `leave` a group without them; `remove` their line goes;
 * `sudo` they get sudo; `drop-group` the group goes; `none` nothing that a guard would weigh.
 */
export type Effect =
  'close' | 'lose-keys' | 'drop-keys' | 'replace-keys' | 'leave' | 'remove' | 'sudo' | 'drop-group' | 'none';

/** What must be known of the wish to name effects. */
export interface EffectContext {
  /** Closed people, by SCIM id. */
  readonly closed: ReadonlySet<string>;
  /** Open people with keys, by SCIM id. */
  readonly served: ReadonlySet<string>;
  /** How many keys each open person is to have. */
  readonly keyCount: ReadonlyMap<string, number>;
}

export function readEffectContext(desired: DesiredHost): EffectContext {
  const open = desired.accounts.filter(({ closed }) => closed === null);
  return {
    closed: new Set(desired.accounts.filter(({ closed }) => closed !== null).map(({ scimId }) => scimId)),
    served: new Set(open.filter(({ keyFile }) => keyFile !== '').map(({ scimId }) => scimId)),
    keyCount: new Map(open.map(({ scimId, keys }) => [scimId, keys.length])),
  };
}

/** The effect of one change. Everything that belongs to a closing is `close`, so that it goes or waits together. */
export function nameEffect(change: Change, context: EffectContext): Effect {
  const { scimId } = change;
  const isClosed = scimId !== null && context.closed.has(scimId);
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
      return scimId !== null && context.served.has(scimId) ? 'none' : 'lose-keys';
    case 'member-remove':
      return isClosed ? 'close' : 'leave';
    case 'account-remove':
      return 'remove';
    case 'group-remove':
      return 'drop-group';
    case 'member-add':
      return change.sudo === true ? 'sudo' : 'none';
    case 'keys-write': {
      if (change.lost.length === 0) return 'none';
      const isAllNew = change.gained.length === (context.keyCount.get(scimId ?? '') ?? 0);
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
