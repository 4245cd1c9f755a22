// What goes into the batch of one sync, and what comes out of it.
import type { GroupRecord, Judged, ResourceKind, UserRecord } from '../../protocol/records.ts';

export interface IngestRules {
  /** Epoch seconds. */
  readonly now: number;
  /** keys.max_age in seconds; null: never. */
  readonly maxAge: number | null;
  /** limits.absences: complete syncs before an unconfirmed absence counts. */
  readonly absences: number;
}

/** A resource, or members of a group, that were there before and are not listed now. */
export interface Suspect {
  readonly kind: ResourceKind;
  readonly id: string;
  /** Of a group that is still listed: the members it lost. Empty: the resource itself is missing. */
  readonly lostMembers: readonly string[];
}

export interface IngestCounts {
  added: number;
  changed: number;
  /** Resources that count as absent from now on. */
  gone: number;
  renewed: number;
  quarantined: number;
  unreadable: number;
}

export interface IngestBatch {
  /**
   * Adds one judged resource; call it for every resource of the sync.
   * @param names by which an operator may ask for it, where it is quarantined.
   * @returns whether its record is new, is no longer absent, or says something else than before; members who are no
   *   longer listed do not count here.
   */
  add(kind: ResourceKind, judged: Judged<UserRecord | GroupRecord>, names?: readonly string[]): boolean;
  /** The last good record, for judging a broken one. */
  previous(kind: ResourceKind, id: string): UserRecord | GroupRecord | null;
  /** What was there and was not listed, of the kinds that were read completely. */
  suspects(complete: Readonly<Record<ResourceKind, boolean>>): Suspect[];
  /** A read of that id alone said that it is gone, or that it lists these members and no others. */
  confirmAbsence(suspect: Suspect): void;
  /** No single read could confirm it: counts towards limits.absences. */
  countAbsence(suspect: Suspect): void;
  /**
   * Writes all of it, or nothing; a batch that is dropped instead leaves no trace.
   * @param mayConfirm whether the local clock agrees with the store's, so that fetching a record may renew its
   *   keys; the store's is known when it has answered.
   */
  commit(mayConfirm: boolean): IngestCounts;
}
