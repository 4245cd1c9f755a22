// The guard: holds what would be too much at once.
import type { Config } from '../config.ts';
import type { MirroredGroup, MirroredUser, DesiredHost } from '../policy/desired.ts';
import type { ActualHost } from './actual.ts';
import type { Change } from './change.ts';

/** What the guard must remember between passes. */
export interface GuardRecord {
  readonly done: readonly { readonly at: number; readonly scimId: string | null; readonly kind: string }[];
  readonly heldSince: ReadonlyMap<string, number>;
}

export interface HeldSet {
  readonly hash: string;
  readonly reason: string;
  readonly changes: readonly Change[];
  readonly since: number;
  readonly actsAt: number | null;
}

export interface GuardVerdict {
  readonly go: readonly Change[];
  readonly held: readonly HeldSet[];
}

export interface GuardInput {
  readonly changes: readonly Change[];
  readonly desired: DesiredHost;
  readonly actual: ActualHost;
  readonly users: readonly MirroredUser[];
  readonly groups: readonly MirroredGroup[];
  readonly config: Config;
  readonly record: GuardRecord;
  readonly approved: ReadonlySet<string>;
  readonly isFrozen: boolean;
  readonly now: number;
}

export function guard(input: GuardInput): GuardVerdict {
  return { go: input.changes, held: [] };
}
