// The shapes of policy: what it is given of records, ledger and node, and the desired state that it gives.
import type { GroupRecord, UserRecord } from '../protocol/records.ts';
import type { HomeOnHost } from './identity/own-home.ts';
import type { InUse, Location } from './in-use.ts';
import type { NameQuestions } from './name-services.ts';
import type { CarriedLine } from './inherited/inherited.ts';
import type { GroupEntry, PasswdEntry } from './posix.ts';
import type { KeyReading } from './keys/ssh-key.ts';

/** The last good record of a User, and what the state database knows of it. */
export interface StoredUser {
  readonly record: UserRecord;
  /** When the store last listed it in a sound record, epoch seconds; 0: never. */
  readonly confirmedAt: number;
  /** Whether its absence is established. */
  readonly absent: boolean;
  /** What `readKeys` says of the record's keys. */
  readonly readings: readonly KeyReading[];
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
  /** When the account was disabled, epoch seconds; null while it is enabled. */
  readonly disabledAt: number | null;
}

/** A local account, or one that another program publishes on this node. */
export interface KnownAccount {
  readonly name: string;
  readonly uid: number;
}

/** A line of the managed group that the ledger does not bind. */
export interface UnboundAccount extends KnownAccount {
  readonly gid: number;
  readonly dir: string;
}

/** An account that another program publishes here, or that this node goes on publishing for it (see inherited.ts). */
export interface PublishedAccount extends UnboundAccount {
  /** Whether an operator decided what becomes of it. */
  readonly isDecided: boolean;
}

export interface KnownGroup {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** What policy must know of this node. */
export interface NodeFacts {
  /** Accounts and groups of this node that are not managed. */
  readonly foreignAccounts: readonly KnownAccount[];
  readonly foreignGroups: readonly KnownGroup[];
  /** What newcomers do not get, whatever the name service makes of it. */
  readonly inUse: InUse;
  /**
   * Lines of the managed group that the ledger does not bind, because it was lost or they were added by hand: bound
   * again if name and uid agree with the store (see adopt.ts), else not managed.
   */
  readonly unbound: readonly UnboundAccount[];
  /**
   * What another program publishes in the place from which this node resolves names (nsscache), or what this node goes on
   * publishing for it: no person gets another uid, gid or home than there, nor the uid or gid that another name has there.
   * null: there is nothing of the kind.
   */
  readonly published: {
    readonly accounts: readonly PublishedAccount[];
    readonly groups: readonly KnownGroup[];
  } | null;
  /** Text of each key file, by name: people keep the keys that they hold. */
  readonly keyFiles: ReadonlyMap<string, string>;
  /** Homes by path, those that were looked at: what stands there, and who can replace it. */
  readonly homes: ReadonlyMap<string, HomeOnHost>;
  /** /etc/shells. */
  readonly shells: readonly string[];
  /** What sudo, polkit, doas or PAM of this node give power to, and where: never granted from the store. */
  readonly privilegedNames: ReadonlyMap<string, Location>;
  readonly privilegedGroups: ReadonlyMap<string, Location>;
  readonly privilegedUids: ReadonlyMap<number, Location>;
  readonly privilegedGids: ReadonlyMap<number, Location>;
  /** `ssh -Q key`: the key types the installed sshd knows; empty if unknown. */
  readonly keyTypes: readonly string[];
  /** How this node's sshd reads `expiry-time`: UTC with `Z` since OpenSSH 9.1, local time before. */
  readonly expiry: { readonly zulu: boolean; readonly timeZone: string };
}

/** A person's extension, as an operator gave it: keys live on while the store is away. */
export interface Extension {
  readonly scimId: string;
  /** `confirmedAt` of the record that the operator saw. */
  readonly confirmedAt: number;
  /** Epoch seconds until which the keys live. */
  readonly until: number;
  /** Epoch seconds when it was given. */
  readonly at: number;
  /** The operator. */
  readonly by: string;
}

/** One key that passed the policy. */
export interface AcceptedKey {
  readonly type: string;
  readonly base64: string;
  /** `SHA256:...`, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
}

/** What lets a person log in, as data: rendered for sshd only where key files are compared and written (keys/key-file.ts). */
export interface Credential extends AcceptedKey {
  /** Epoch seconds from which sshd refuses it; null: it has no expiry. */
  readonly expiresAt: number | null;
  /** SCIM id of the record that lists it. */
  readonly source: string;
  /** The expiry is the end of a grant, and must not be late by any reading; absent: it is not. */
  readonly isEnd?: true;
}

export type DisabledBecause =
  'inactive' | 'absent' | 'no-access-group' | 'grant-ended' | 'blocked' | 'not-listed-here' | 'retired';

export interface DesiredAccount {
  readonly scimId: string;
  /** The shell of a disabled account is already nologin. */
  readonly entry: PasswdEntry;
  /** null: may log in. */
  readonly disabled: DisabledBecause | null;
  /** What the account may log in with; empty: there must be no key file. */
  readonly credentials: readonly Credential[];
  /** The extension in force, whose expiry the credentials have; null: none. */
  readonly extension: Extension | null;
  /** Whether the managed group must list the account, because its primary group is another. */
  readonly needsManagedGroup: boolean;
}

export interface DesiredGroup extends GroupEntry {
  readonly scimId: string;
  /** Its members may run sudo. */
  readonly sudo: boolean;
}

/** A bound account or group that is not among the desired ones, and what becomes of what the host has of it. */
export interface Leftover {
  /**
   * `unknown:NAME` for an account of the managed group that neither ledger nor store knows, which is not managed;
   * `inherited:NAME` for one of a former publisher.
   */
  readonly scimId: string;
  readonly kind: 'account' | 'group';
  readonly name: string;
  /**
   * `remove`: its retention is over, or it has another name now. `leave`: the store said nothing of it, so nothing is
   * done. `deny`: no key is served and the line stays, because this node refuses it (a local account has its name or
   * id), or because neither the ledger nor a completely read store knows it. `drop`: an operator no longer publishes it
   * (see inherited.ts).
   */
  readonly fate: 'remove' | 'leave' | 'deny' | 'drop';
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
  /** Sorted by name; enabled and disabled ones. */
  readonly accounts: readonly DesiredAccount[];
  /** Sorted by name; without the managed group. */
  readonly groups: readonly DesiredGroup[];
  /** Who has sudo by a grant alone, by account name, and until when (epoch seconds). */
  readonly sudoEnds: ReadonlyMap<string, number>;
  /** What grants that ended lately gave, by `nameEnded` of policy/grants.ts: no limit holds back that it goes. */
  readonly endedGrants: ReadonlySet<string>;
  /** Whether members of sudo groups have sudo; else there is no sudoers file. */
  readonly grantsSudo: boolean;
  /** Bindings that are new or changed: recorded before anything is applied. */
  readonly bindings: readonly Binding[];
  /** What else the ledger binds; a name that is neither desired nor here is not managed. */
  readonly leftovers: readonly Leftover[];
  /** What is published as it stands, because a former publisher had it; empty unless this node publishes. */
  readonly carried: readonly CarriedLine[];
  /** How this node's sshd reads an expiry. */
  readonly expiry: NodeFacts['expiry'];
  /** Whether missing homes are made. */
  readonly makesHomes: boolean;
  /** The home that all people have, which is never made; null: each has one of their own. */
  readonly sharedHome: string | null;
  /** Whether a hook runs for people who leave. */
  readonly hasHook: boolean;
  /** What other name services must be asked before all of it is granted; empty: nothing is new. */
  readonly questions: NameQuestions;
  readonly refusals: readonly Refusal[];
}
