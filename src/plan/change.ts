// One change to the host, as plain data: planned, guarded, printed, applied, recorded and asked about.
import type { ChangeDescriptor } from './changes/descriptor.ts';
import { KINDS } from './changes/kinds.ts';

type DescribedBy<D> = D extends ChangeDescriptor<infer C> ? C : never;

export type Change = DescribedBy<(typeof KINDS)[number]>;
export type ChangeKind = Change['kind'];
export type ChangeOf<Kind extends ChangeKind> = Extract<Change, { kind: Kind }>;

/** The order of applying. */
export const CHANGE_ORDER: readonly ChangeKind[] = KINDS.map(({ kind }) => kind);

const descriptors: ReadonlyMap<string, ChangeDescriptor<Change>> = new Map(
  // The type checker does not follow that a kind's descriptor takes the changes of that kind.
  KINDS.map((descriptor) => [descriptor.kind, descriptor as unknown as ChangeDescriptor<Change>]),
);

/** @throws Error for a kind that `changes/kinds.ts` does not list. */
export function describeKind({ kind }: Pick<Change, 'kind'>): ChangeDescriptor<Change> {
  const descriptor = descriptors.get(kind);
  if (descriptor === undefined) throw new Error(`no descriptor for changes of the kind ${kind}`);
  return descriptor;
}

/** Whether a change takes something away (a key file that loses keys counts). */
export function isRevocation(change: Change): boolean {
  return describeKind(change).revokes(change);
}

/** The problem of a change that was not tried, because it rests on one that failed. */
export const EARLIER_FAILED = 'an earlier step for it failed';

/** Whether a change must wait: it grants something that rests on what failed. @param spoiled as `spoils` names it. */
export function restsOn(change: Change, spoiled: ReadonlySet<string>): boolean {
  const kind = describeKind(change);
  return !kind.revokes(change) && kind.needs(change).some((subject) => spoiled.has(subject));
}

/** A change of accounts, groups or members: what a backend writes, as against this node's own things. */
export type AccountChange = Extract<
  Change,
  { kind: `account-${string}` | `group-${string}` | `member-${string}` }
>;

export function isAccountChange(change: Change): change is AccountChange {
  return describeKind(change).writes === 'accounts';
}
