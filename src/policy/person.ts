// One person that this node knows, as access and ledger have them.
import type { PersonalRules } from './access.ts';
import type { Binding, DisabledBecause, StoredUser } from './model.ts';

/** One person that the node knows: bound, or in an access group. */
export interface Person {
  readonly user: StoredUser;
  readonly rules: PersonalRules;
  readonly binding: Binding | null;
  /** null: may log in. */
  readonly disabled: DisabledBecause | null;
  /** Whether the store lets them log in, whatever operators of this node decided. */
  readonly isEnabledByStore: boolean;
}
