// The guard's limits: how many losses and gains they allow, what was done in the window, and how the history names it.
import type { Config } from '../../config/config.ts';
import { DISABLED_DAY } from '../actual.ts';
import { type Change, describeKind } from '../change.ts';
import type { Measure } from '../changes/descriptor.ts';
import { KINDS } from '../changes/kinds.ts';
import { nameEffect } from './effect.ts';
import type { ClassifiedPlan } from './guard-model.ts';

/** How many of `total` may go: the share, but so many always and so many at most; never fewer than one. */
export function allowance(total: number, limit: Config['limits']['max_loss']): number {
  const byShare = Math.max(Math.floor(total * limit.share), limit.at_least);
  return Math.max(1, Math.min(byShare, limit.at_most));
}

const COUNTED = KINDS.flatMap(({ counted }) => counted);

/** What the guard counts of what was done: the kinds that `nameRecord` leaves in the history for losses and gains. */
export const COUNTED_KINDS: readonly string[] = COUNTED.map(({ history }) => history);

/** Units to which something that counts so was done within the window. */
export function findDone(
  { question: { record, now } }: ClassifiedPlan,
  measure: Measure,
  window: number,
): Set<string> {
  const wanted = new Set(COUNTED.flatMap(({ as, history }) => (as === measure ? [history] : [])));
  const done = new Set<string>();
  for (const { at, scimId, kind } of record.done) {
    if (scimId === null || !wanted.has(kind) || at <= now - window) continue;
    done.add(`${measure === 'groups' || measure === 'raised' ? 'Group' : 'User'} ${scimId}`);
  }
  return done;
}

/**
 * How many people can log in, with those who could at the start of the window.
 * @param done units that lost something within it.
 */
export function countPopulation({ question, accountOf }: ClassifiedPlan, done: ReadonlySet<string>): number {
  let open = 0;
  for (const { expiryDay } of question.actual.accounts.values()) if (expiryDay !== DISABLED_DAY) open += 1;
  const back = [...done].filter((unit) => accountOf(unit.slice('User '.length))?.disabled === null);
  return open + done.size - back.length;
}

/** How many there are in both together. */
export function countUnion(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return a.union(b).size;
}

/** `limits.max_loss.window` and the like in words. */
export function describeWindow(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/**
 * How to remember what is done: what was approved, lapsed or exempt does not count in later syncs, and an effect
 * that the kind does not tell is added to it.
 */
export function nameRecord(
  changes: readonly Change[],
  uncounted: ReadonlySet<Change>,
  { accountOf, question }: ClassifiedPlan,
): ReadonlyMap<Change, string> {
  const kinds = new Map<Change, string>();
  for (const change of changes) {
    const effect = nameEffect(change, accountOf);
    const { kind, counted } = describeKind(change);
    const isCounted = (name: string): boolean => counted.some(({ history }) => history === name);
    const isDisabledLine =
      effect === 'remove' && question.actual.accounts.get(change.name)?.expiryDay === DISABLED_DAY;
    const isHarmless = isDisabledLine || (effect === 'none' && isCounted(kind));
    if (uncounted.has(change) || isHarmless) kinds.set(change, `${kind}:unweighed`);
    else if (isCounted(`${kind}:${effect}`)) kinds.set(change, `${kind}:${effect}`);
  }
  return kinds;
}

/** How far back the guard counts, in seconds. */
export function guardWindow({ max_loss, max_gain }: Config['limits']): number {
  return Math.max(max_loss.window, max_gain.window);
}
