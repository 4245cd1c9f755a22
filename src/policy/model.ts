// What the host should look like, as the policy sees it: shapes only; `desire` fills them.
import type { GroupRecord, UserRecord } from '../protocol/records.ts';
import type { Extension } from './extension.ts';
import type { RecordMemo } from './person.ts';
import type { GroupEntry, PasswdEntry } from './posix.ts';
import type { KeyReading } from './keys/ssh-key.ts';

/** The last good record of a User, and how the mirror stands to it. */
export interface StoredUser {
  readonly record: UserRecord;
  /** When the store was last heard to list it, epoch seconds; 0: never in a sound record. */
  readonly confirmedAt: number;
  /** Whether its absence is established. */
  readonly absent: boolean;
  /** What `readKeys` says about the record's keys, where somebody knows it already. */
  readonly readings?: readonly KeyReading[];
  /** Kept with the record by whoever asks again and again; without it everything is worked out anew. */
  readonly notes?: RecordMemo;
}

/** The last good record of a Group; an absent one keeps its last members. */
export interface StoredGroup {
  readonly record: GroupRecord;
  readonly absent: boolean;
}

/** A name and an id bound to a SCIM id, for as long as the ledger lives. */
export interface Binding {
  readonly scimId: string;
  readonly kind: 'account' | 'group';
  readonly name: string;
  /** uid of an account, gid of a group. */
  readonly id: number;
  /** The account's primary gid and home; null for a group. */
  readonly gid: number | null;
  readonly home: string | null;
  /** Epoch seconds. */
  readonly boundAt: number;
  /** When the account was closed; null while it is open. */
  readonly disabledAt: number | null;
}

/** What policy must know of this node, gathered by host/ and passed in. */
export interface NodeFacts {
  /** Accounts and groups that are not ours, as the node's own files have them. */
  readonly foreignAccounts: readonly { readonly name: string; readonly uid: number }[];
  readonly foreignGroups: readonly {
    readonly name: string;
    readonly gid: number;
    readonly members?: readonly string[];
  }[];
  /**
   * Lines of the marker group that the ledger does not know (it was lost): taken back if name and uid agree with
   * what the store says (see adopt.ts), else refused.
   */
  readonly marked?: readonly {
    readonly name: string;
    readonly uid: number;
    readonly gid?: number;
    readonly dir?: string;
  }[];
  /**
   * What another program publishes in the place from which this node resolves names (nsscache): nobody gets another
   * uid or gid than there, and nobody's uid or gid of there.
   */
  readonly published?: {
    readonly accounts: readonly { readonly name: string; readonly uid: number }[];
    readonly groups: readonly { readonly name: string; readonly gid: number }[];
  };
  /** /etc/shells. */
  readonly shells: readonly string[];
  /** Names and groups that sudoers, sshd_config or access.conf mention: never granted from the store. */
  readonly privilegedNames: readonly string[];
  readonly privilegedGroups: readonly string[];
  /** The same for ids: `#uid` and `%#gid` in sudoers(5). */
  readonly privilegedUids?: readonly number[];
  readonly privilegedGids?: readonly number[];
  /** `ssh -Q key`: the key types the installed sshd knows; empty if unknown. */
  readonly keyTypes: readonly string[];
  /** How this node's sshd reads `expiry-time`: UTC with `Z` since OpenSSH 9.1, local time before. */
  readonly expiry: { readonly zulu: boolean; readonly timeZone: string };
}

/** One key that passed the policy. */
export interface AcceptedKey {
  readonly type: string;
  readonly base64: string;
  /** `SHA256:...`, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
}

export type DisabledBecause =
  'inactive' | 'absent' | 'no-access-group' | 'blocked' | 'not-listed-here' | 'unknown';

export interface DesiredAccount {
  readonly scimId: string;
  /** For a closed account the shell is already nologin. */
  readonly entry: PasswdEntry;
  /** null: may log in. */
  readonly disabled: DisabledBecause | null;
  readonly keys: readonly AcceptedKey[];
  /** The whole text of the key file; empty: there must be none. */
  readonly keyFile: string;
  /** When the keys stop working unless the store is heard again, epoch seconds; null: never, or there are none. */
  readonly expiresAt: number | null;
  /** The operator's word that counts now, if there is one; `keyFile` has its expiry. */
  readonly extension?: Extension;
  /** Whether the marker must list the account, because its primary group is another. */
  readonly needsManagedGroup: boolean;
}

export interface DesiredGroup extends GroupEntry {
  readonly scimId: string;
  /** Its members may run sudo. */
  readonly sudo?: boolean;
}

/** A bound account or group that is not among the desired ones, and what becomes of what the host has of it. */
export interface Leftover {
  /** `unknown:NAME` for an account that bears our mark and nobody knows. */
  readonly scimId: string;
  readonly kind: 'account' | 'group';
  readonly name: string;
  /**
   * `remove`: its time is over, or it has another name now. `leave`: nothing was heard about it, so nothing is done.
   * `shut`: it is refused (somebody local has its name or id): no key is served, the line is not touched.
   * `close`: it bears our mark, and neither the ledger nor a store that was heard whole knows it: out, with its line.
   */
  readonly fate: 'remove' | 'leave' | 'shut' | 'close';
}

export interface Refusal {
  readonly scimId: string;
  readonly kind: 'User' | 'Group';
  /** Stable, for programs and metrics: `name-reserved`, `uid-range`, `key-weak` ... */
  readonly code: string;
  /** One sentence for the operator: what, and who must do what. */
  readonly detail: string;
  /** The key that is refused, or shared (`key-shared`); absent where the refusal is of no key, or none can be told. */
  readonly fingerprint?: string;
}

export interface DesiredState {
  readonly managedGroup: GroupEntry;
  /** Sorted by name; open and closed ones. */
  readonly accounts: readonly DesiredAccount[];
  /** Sorted by name; the marker is not among them. */
  readonly groups: readonly DesiredGroup[];
  /** The whole text of our sudoers file; empty: there must be none. */
  readonly sudoers: string;
  /** Bindings that are new or changed: recorded before anything is applied. */
  readonly bindings: readonly Binding[];
  /** What else the ledger binds; a name that is neither desired nor here is not ours. */
  readonly leftovers?: readonly Leftover[];
  /** Whether missing homes are to be made. */
  readonly makesHomes?: boolean;
  /** Whether a hook is set for those who leave. */
  readonly hasHook?: boolean;
  readonly refusals: readonly Refusal[];
}
