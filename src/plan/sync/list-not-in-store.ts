// Accounts of the managed group that neither ledger nor store knows, as far as they still give access.
import type { DesiredState } from '../../policy/model.ts';
import { isNotInStore } from '../../policy/leftovers.ts';
import { type ActualState, DISABLED_DAY } from '../actual.ts';
import type { HostState } from '../host-state.ts';

/** An account of the managed group that neither ledger nor store knows, and that is not disabled or still has keys. */
export interface UnmanagedAccount {
  readonly name: string;
  /** Its line lets no one in. */
  readonly isDisabled: boolean;
  /** Whether a key file of this program still serves it. */
  readonly hasKeys: boolean;
}

export function listNotInStore(
  { leftovers }: Pick<DesiredState, 'leftovers'>,
  { keyFiles }: Pick<ActualState, 'keyFiles'>,
  { own }: Pick<HostState, 'own'>,
): UnmanagedAccount[] {
  return leftovers.filter(isNotInStore).flatMap(({ name }) => {
    const isDisabled = own.accounts.get(name)?.expiryDay === DISABLED_DAY;
    const hasKeys = keyFiles.has(name);
    return isDisabled && !hasKeys ? [] : [{ name, isDisabled, hasKeys }];
  });
}
