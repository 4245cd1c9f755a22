// Third step of the guard: what goes beyond a limit is held, unless it was approved or its time has come.
import type { Change } from '../change.ts';
import type { ClassifiedPlan, Excess, GuardRecord, HeldSet } from './guard-model.ts';
import { hashChanges, hashLines, nameUnit } from './held-hash.ts';

export interface HoldResult {
  readonly held: readonly HeldSet[];
  /** Every change of a held set. */
  readonly stopped: ReadonlySet<Change>;
  /** What later syncs do not count: exempt, approved, or held for long enough. */
  readonly uncounted: ReadonlySet<Change>;
  /** To be given back as `heldSince` by the next sync. */
  readonly remember: ReadonlyMap<string, number>;
}

/** @param excess in order: a change that one set holds is not in a later one. */
export function holdExcess(excess: readonly Excess[], plan: ClassifiedPlan): HoldResult {
  const held: HeldSet[] = [];
  const stopped = new Set<Change>();
  const uncounted = new Set<Change>(plan.exempt);
  const remember = new Map<string, number>();
  for (const one of excess) {
    const { set, acting, timers } = holdOne(
      one,
      one.changes.filter((change) => !stopped.has(change)),
      plan,
    );
    for (const change of acting) uncounted.add(change);
    if (set === null) continue;
    held.push(set);
    remember.set(set.hash, set.since);
    for (const change of set.changes) {
      stopped.add(change);
      const started = timers.get(nameUnit(change));
      if (started !== undefined) remember.set(hashLines([nameUnit(change)]), started);
    }
  }
  return { held, stopped, uncounted, remember };
}

interface HeldOne {
  /** null: nothing waits. */
  readonly set: HeldSet | null;
  /** What acts although it goes beyond the limit. */
  readonly acting: readonly Change[];
  /** Since when each unit waits, epoch seconds; empty where time does not count. */
  readonly timers: ReadonlyMap<string, number>;
}

function holdOne(
  { kind, reason, timed }: Excess,
  changes: readonly Change[],
  { question, accountOf, groupIds }: ClassifiedPlan,
): HeldOne {
  const { record, approved, config, now } = question;
  const hashOf = (set: readonly Change[]): string => hashChanges(set, accountOf, groupIds);
  const since = record.heldSince.get(hashOf(changes)) ?? now;
  const timers = timed ? readTimers(changes, since, record) : new Map<string, number>();
  const startOf = (change: Change): number => timers.get(nameUnit(change)) ?? now;
  const isDue = (change: Change): boolean => timed && now - startOf(change) >= config.limits.hold;
  const waiting = changes.filter((change) => !isDue(change));
  const acting = changes.filter(isDue);
  if (waiting.length === 0) return { set: null, acting, timers };
  const hash = hashOf(waiting);
  if (approved.has(hash)) return { set: null, acting: changes, timers };
  const first = timed ? waiting.reduce((least, change) => Math.min(least, startOf(change)), now) : since;
  const actsAt = timed ? first + config.limits.hold : null;
  return { set: { hash, kind, reason, changes: waiting, since: first, actsAt }, acting, timers };
}

/** Each person's own timer, so that another person who is added does not start the others' anew. */
function readTimers(
  changes: readonly Change[],
  since: number,
  record: GuardRecord,
): ReadonlyMap<string, number> {
  const units = new Set(changes.map(nameUnit));
  return new Map([...units].map((unit) => [unit, record.heldSince.get(hashLines([unit])) ?? since]));
}

/** What a freeze holds back, as one set. */
export function describeFreeze({ question, accountOf, groupIds, frozen }: ClassifiedPlan): HeldSet {
  const changes = [...frozen];
  const hash = hashChanges(changes, accountOf, groupIds);
  const since = question.record.heldSince.get(hash) ?? question.now;
  return { hash, kind: 'frozen', reason: question.freezeReason ?? '', changes, since, actsAt: null };
}
