// The input and output of the guard: shapes only.
import type { Config } from '../../config/config.ts';
import type { DesiredState, StoredGroup, StoredUser } from '../../policy/model.ts';
import type { ActualState } from '../actual.ts';
import type { Change } from '../change.ts';
import type { EffectContext } from './effect.ts';

/** What the guard remembers from one sync to the next. */
export interface GuardRecord {
  /** What was done of COUNTED_KINDS, at least within the longest window; `kind` as `GuardVerdict.kinds` said, else the change's own. */
  readonly done: readonly { readonly at: number; readonly scimId: string | null; readonly kind: string }[];
  /** What the last verdict said to remember. */
  readonly heldSince: ReadonlyMap<string, number>;
}

/** The approval that lies in unblocking a person, by SCIM id; no hash is spelled so. */
export const approveUnblocked = (scimId: string): string => `unblocked ${scimId}`;

export interface HeldSet {
  /** What `approve` takes; see `hashChanges`. */
  readonly hash: string;
  readonly kind: 'loss' | 'gain' | 'vanished' | 'frozen';
  /** One phrase for the operator. */
  readonly reason: string;
  readonly changes: readonly Change[];
  /** Epoch seconds since when it is held. */
  readonly since: number;
  /** Epoch seconds from which (the first of) it acts by itself; null: it waits for approval. */
  readonly actsAt: number | null;
}

export interface GuardVerdict {
  /** In the order of the plan. */
  readonly go: readonly Change[];
  readonly held: readonly HeldSet[];
  /** To be given back as `heldSince` by the next sync. */
  readonly remember: ReadonlyMap<string, number>;
  /** How to record a change that is done, where its own kind does not say it all. */
  readonly kinds: ReadonlyMap<Change, string>;
}

export interface GuardQuestion {
  readonly changes: readonly Change[];
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly users: readonly StoredUser[];
  readonly groups: readonly StoredGroup[];
  readonly config: Config;
  readonly record: GuardRecord;
  /** Hashes that operators approved, and what `approveUnblocked` says of people that an operator unblocks now. */
  readonly approved: ReadonlySet<string>;
  /** Why there are no grants and no absences, while revocations go on; null: the node is not frozen. */
  readonly freezeReason: string | null;
  /** Epoch seconds. */
  readonly now: number;
}

/** A plan, classified: what each change means for the guard. The first of its three steps. */
export interface ClassifiedPlan {
  readonly question: GuardQuestion;
  /** The desired account of a person. */
  readonly accountOf: EffectContext;
  /** SCIM ids of groups by their name on the host. */
  readonly groupIds: ReadonlyMap<string, string>;
  /** Never held and never counted: the operators' blocks. */
  readonly exempt: ReadonlySet<Change>;
  /** What waits for the end of a freeze. */
  readonly frozen: ReadonlySet<Change>;
  /** All others, in the order of the plan. */
  readonly moving: readonly Change[];
}

/** A set of changes beyond a limit: what the second step, measuring, gives. */
export interface Excess {
  readonly kind: HeldSet['kind'];
  readonly reason: string;
  readonly changes: readonly Change[];
  /** Acts by itself after limits.hold. */
  readonly timed: boolean;
}
