// One person whom the node knows, as the steps of the policy hand them on.
import type { PersonalRules } from './access.ts';
import type { Binding, ClosedBecause, MirroredUser } from './desired.ts';

/** One person whom the node knows: bound, or in an access group. */
export interface Person {
  readonly user: MirroredUser;
  readonly rules: PersonalRules;
  readonly binding: Binding | null;
  /** null: may log in. */
  readonly closed: ClosedBecause | null;
}
