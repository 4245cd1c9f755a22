// One change to the host, as plain data: planned, guarded, printed, applied, recorded and asked about.
import type { DisabledBecause } from '../policy/model.ts';
import type { PasswdEntry } from '../policy/posix.ts';

/**
 * `scimId` is the person or group it is done for (for a membership: the person); null for what concerns all
 * (the managed group, sudoers).
 */
interface Common {
  readonly scimId: string | null;
  /** The account's or group's name on the host. */
  readonly name: string;
  /** Why, in words for the operator. */
  readonly because: string;
}

export type Change =
  // What takes away, in the order in which it is applied.
  | (Common & { readonly kind: 'keys-remove' })
  | (Common & {
      readonly kind: 'account-close';
      readonly entry: PasswdEntry;
      readonly reason: DisabledBecause;
    })
  | (Common & { readonly kind: 'sessions-end'; readonly uid: number })
  | (Common & { readonly kind: 'sudoers-remove' })
  | (Common & { readonly kind: 'member-remove'; readonly member: string })
  | (Common & { readonly kind: 'group-remove'; readonly gid: number })
  // Cron and at jobs and lingering are put aside; `needsHook`: it is to be remembered that the hook has to run.
  | (Common & { readonly kind: 'jobs-disable'; readonly uid: number; readonly needsHook: boolean })
  | (Common & { readonly kind: 'account-remove'; readonly entry: PasswdEntry })
  // What gives or alters, in the order in which it is applied.
  | (Common & { readonly kind: 'group-create'; readonly gid: number })
  | (Common & { readonly kind: 'account-create'; readonly entry: PasswdEntry })
  | (Common & { readonly kind: 'account-alter'; readonly before: PasswdEntry; readonly entry: PasswdEntry })
  | (Common & { readonly kind: 'account-reopen'; readonly entry: PasswdEntry })
  | (Common & {
      readonly kind: 'home-create';
      readonly uid: number;
      readonly gid: number;
      readonly dir: string;
    })
  | (Common & {
      readonly kind: 'member-add';
      readonly member: string;
      /** The group's members may run sudo. */
      readonly sudo: boolean;
    })
  | (Common & { readonly kind: 'sudoers-write'; readonly text: string })
  | (Common & { readonly kind: 'jobs-restore'; readonly uid: number })
  | (Common & {
      readonly kind: 'keys-write';
      /** Whole text of the file. */
      readonly text: string;
      /** Fingerprints that come and go; both empty: only the expiry is renewed. */
      readonly gained: readonly string[];
      readonly lost: readonly string[];
    })
  // It may take its time, so nothing waits for it.
  | (Common & { readonly kind: 'hook-run'; readonly uid: number });

export type ChangeKind = Change['kind'];

/** The order of applying: revocations first, grants last; within a kind, by name. */
export const CHANGE_ORDER: readonly ChangeKind[] = [
  'keys-remove',
  'account-close',
  'sessions-end',
  'sudoers-remove',
  'member-remove',
  'group-remove',
  'jobs-disable',
  'account-remove',
  'group-create',
  'account-create',
  'account-alter',
  'account-reopen',
  'home-create',
  'member-add',
  'sudoers-write',
  'jobs-restore',
  'keys-write',
  'hook-run',
];

const RANKS: ReadonlyMap<ChangeKind, number> = new Map(CHANGE_ORDER.map((kind, rank) => [kind, rank]));
const FIRST_GRANT = rankKind('group-create');

/** Where a kind stands in CHANGE_ORDER. */
function rankKind(kind: ChangeKind): number {
  return RANKS.get(kind) ?? CHANGE_ORDER.length;
}

/** Whether a change takes something away (a key file that only loses keys counts). */
export function isRevocation(change: Change): boolean {
  if (change.kind === 'keys-write') return change.lost.length > 0;
  return change.kind === 'hook-run' || rankKind(change.kind) < FIRST_GRANT;
}

const ACCOUNT_KINDS = [
  'account-close',
  'account-remove',
  'account-create',
  'account-alter',
  'account-reopen',
  'group-create',
  'group-remove',
  'member-add',
  'member-remove',
] as const satisfies readonly ChangeKind[];

/** A change of accounts, groups or members: what a backend writes, as against this node's own things. */
export type AccountChange = Extract<Change, { kind: (typeof ACCOUNT_KINDS)[number] }>;

const accountKinds: ReadonlySet<string> = new Set(ACCOUNT_KINDS);

export function isAccountChange(change: Change): change is AccountChange {
  return accountKinds.has(change.kind);
}
