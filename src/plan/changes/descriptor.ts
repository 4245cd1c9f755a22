// What one kind of change is, in one place: order, wording, what it takes away, how the guard counts it, who applies it.
import type { DesiredAccount, DisabledBecause } from '../../policy/model.ts';

/**
 * What every change has. `scimId` is the person or group it is done for (for a membership: the person); null for what
 * concerns all (the managed group, sudoers).
 */
export interface ChangeCommon {
  readonly kind: string;
  readonly scimId: string | null;
  /** The account's or group's name on the host. */
  readonly name: string;
  /** Why, in words for the operator. */
  readonly because: string;
}

/** What of a change goes into history and audit events beside its kind and reason: names, ids and fingerprints, no key. */
export interface Evidence {
  /** Of a membership: the account's name. */
  readonly member?: string;
  /** Fingerprints that a key file gained and lost. */
  readonly gained?: readonly string[];
  readonly lost?: readonly string[];
  /** Epoch seconds of the last key of that file to expire; absent: one has no expiry, or it cannot be told. */
  readonly until?: number;
  /** Uids that have a sudo rule of this program after the change. */
  readonly sudo?: readonly number[];
  /** When rules of these end, epoch seconds by uid; absent: none does. */
  readonly sudoEnds?: Readonly<Record<string, number>>;
  /** Access groups that list the person, by their names at the store. */
  readonly via?: readonly string[];
  /** The Slurm account of an association. */
  readonly account?: string;
}

export type Sign = '+' | '-' | '~';

/**
 * What a change means for the person or group it is done for, which is what the guard measures, hashes and records:
 * `close` they cannot log in any more; `lose-keys` the same, because no key is left; `drop-keys` some keys go;
 * `replace-keys` all keys go and others come; `leave` a group without them; `remove` their line goes;
 * `sudo` they get sudo; `enable` they can log in again; `drop-group` the group goes; `lose-association` a Slurm account
 * without them; `raise-limits` more QOS, limits or shares for a Slurm account; `none` nothing that the guard measures.
 */
export type Effect =
  | 'close'
  | 'lose-keys'
  | 'drop-keys'
  | 'replace-keys'
  | 'leave'
  | 'remove'
  | 'sudo'
  | 'enable'
  | 'drop-group'
  | 'lose-association'
  | 'raise-limits'
  | 'none';

/**
 * What is counted over the window of a limit: people who lost all access (`lost`), or some keys or a group (`reduced`);
 * groups that went (`groups`); people who gained sudo (`sudo`), had all keys replaced (`replaced`) or were enabled again
 * (`enabled`); Slurm accounts whose limits were raised (`raised`).
 */
export type Measure = 'lost' | 'reduced' | 'groups' | 'sudo' | 'replaced' | 'enabled' | 'raised';

/** How the history names what counts: the kind itself, or `kind:effect`. */
export interface Counted {
  readonly history: string;
  readonly as: Measure;
}

/**
 * One kind of change. To add one: a descriptor in a file of this directory, an entry in `kinds.ts` (which is the order of
 * applying), and an applier of `host/` under the name in `applier`.
 */
export interface ChangeDescriptor<C extends ChangeCommon> {
  readonly kind: C['kind'];
  /** In a plan: `%` stands for the name. */
  readonly phrase: string;
  sign(change: C): Sign;
  /** What follows the phrase, escaped by `printPlan`; empty if nothing. */
  details(change: C): string;
  /** Whether it takes something away, so that it is tried whatever else failed for that name. */
  revokes(change: C): boolean;
  /** What it merely keeps alive (the expiry of keys): never held, printed by name alone. */
  renews(change: C): boolean;
  /** Whose loss or gain it is. */
  readonly unit: 'User' | 'Group';
  /** @param account the desired account of the person; undefined: there should be none. */
  effect(change: C, account: DesiredAccount | undefined): Effect;
  /** What distinguishes it in the hash of a held set beside person and effect. */
  hashed(change: C): readonly string[];
  /** What an auditor asks of it later; null: nothing more than kind, name and reason. */
  evidence(change: C): Evidence | null;
  /** What of it later syncs count against the limits. */
  readonly counted: readonly Counted[];
  /** Waits while another loss of the same person is held. */
  readonly waitsWithPerson: boolean;
  /**
   * Waits while the node is frozen.
   * @param reason why the person is to be disabled; null: they are not, or it concerns no person.
   */
  waitsInFreeze(change: C, reason: DisabledBecause | null): boolean;
  /** The accounts and groups (`account NAME`, `group NAME`) without which it must not be applied, unless it revokes. */
  needs(change: C): readonly string[];
  /** Which of them are not as planned if it fails. */
  spoils(change: C): readonly string[];
  /** What it writes: account files, key files (both of which a publication shows to other pods), or only this node. */
  readonly writes: 'accounts' | 'keys' | 'node';
  /** Applied only after other pods see what was written before it. */
  readonly afterPublication: boolean;
  /** Which applier of `host/appliers.ts`; changes of one applier that follow each other go in one batch. */
  readonly applier: string;
}

function nameAccount({ name }: ChangeCommon): readonly string[] {
  return [`account ${name}`];
}

/** What most kinds have in common. */
export const DEFAULTS = {
  details: () => '',
  renews: () => false,
  unit: 'User',
  effect: (): Effect => 'none',
  hashed: () => [],
  evidence: (): Evidence | null => null,
  counted: [],
  waitsWithPerson: true,
  waitsInFreeze: () => true,
  needs: nameAccount,
  spoils: nameAccount,
  writes: 'node',
  afterPublication: false,
} as const;

/** A kind that takes something away. */
export const REVOKES = { ...DEFAULTS, sign: (): Sign => '-', revokes: () => true } as const;

/** A kind that gives something. */
export const GRANTS = { ...DEFAULTS, sign: (): Sign => '+', revokes: () => false } as const;
