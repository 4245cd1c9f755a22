// The shapes in which the store's Users and Groups reach the rest of the agent.

/** A User reduced to what a login node needs; every field was judged singly (see read-resource). */
export interface UserRecord {
  /** SCIM `id`: the identity of the user; never changes. */
  readonly id: string;
  readonly userName: string;
  readonly externalId: string | null;
  readonly active: boolean;
  /** `meta.created` as sent (RFC 3339), or null; decides which of two claims has precedence. */
  readonly created: string | null;
  readonly displayName: string | null;
  /** The value of `scim.attributes.username`, not yet a POSIX name. */
  readonly username: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly home: string | null;
  readonly shell: string | null;
  /** Public keys as the store listed them, split into lines, not yet parsed or judged. */
  readonly keys: readonly string[];
}

/** A Group reduced to what a login node needs. */
export interface GroupRecord {
  readonly id: string;
  /** The value of `scim.attributes.group_name`. */
  readonly name: string;
  readonly externalId: string | null;
  readonly created: string | null;
  readonly gid: number | null;
  /** SCIM ids of member users, sorted, unique. */
  readonly members: readonly string[];
  /** SCIM ids of members that are groups: reported, never followed. */
  readonly nested: readonly string[];
}

/** In the order in which they are read: users first, so that a group's members are known. */
export const RESOURCE_KINDS = ['User', 'Group'] as const;

export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** Why a record, or a part of it, was refused: a stable code for programs and a sentence for operators. */
export interface Finding {
  readonly code: string;
  readonly detail: string;
  /** What the store sent in place of a field, as JSON and cut; absent where it sent nothing, or what may be secret. */
  readonly value?: string;
}

/** The finding in one phrase: the field, the rule, and what the store sent. */
export function describeFinding({ detail, value }: Finding): string {
  return value === undefined ? detail : `${detail}, but ${value}`;
}

/** The result of reading one raw resource. */
export type Judged<R> =
  /** Every field is sound: this record is the last good one, and its keys are confirmed. */
  | { readonly kind: 'good'; readonly record: R; readonly warnings: readonly Finding[] }
  /**
   * Some field is broken: `record` carries the last good value in its place (null if there never was one),
   * but the new `active`, keys and members wherever those could be read. Confirms nothing.
   */
  | {
      readonly kind: 'quarantined';
      readonly id: string;
      readonly record: R | null;
      readonly findings: readonly Finding[];
    }
  /** Without an id: changes no account, and keeps no account from being absent. */
  | { readonly kind: 'unreadable'; readonly findings: readonly Finding[] };
