// From when on a delta has to ask, if the store was ever read whole under this configuration.
import type { Config } from '../../config.ts';
import type { Mirror } from '../../mirror/mirror.ts';
import type { PassReport } from '../report/report.ts';
import { scopeOf } from './scope.ts';

/** Seconds after which everything is read, whatever the schedule says: a delta lists nobody who was deleted. */
const FULL_AT_LEAST_EVERY = 43_200;

interface Questions {
  readonly hasHeard: (report: PassReport) => boolean;
  readonly hasHeardAll: (report: PassReport) => boolean;
}

const known = new Map<string, Questions>();

/** The same functions for the same scope, so that the mirror need not show them what they have seen. */
function questionsAbout(scope: string): Questions {
  const hasHeard = ({ heard }: PassReport): boolean =>
    heard !== null && heard.scope === scope && heard.isAnswered;
  const questions = known.get(scope) ?? {
    hasHeard,
    hasHeardAll: (report: PassReport) => hasHeard(report) && report.heard?.mode === 'full',
  };
  known.set(scope, questions);
  return questions;
}

/** Whether the store was ever read whole under this configuration: what the cache has is then worth working with. */
export function wasHeardWhole(mirror: Pick<Mirror, 'lastPass'>, config: Config): boolean {
  return mirror.lastPass(questionsAbout(scopeOf(config)).hasHeardAll) !== null;
}

/**
 * The store's clock at the newest pass that heard all it asked for, as RFC 3339.
 * @returns null where everything has to be read: no such pass, none of everything for half a day, or another question since.
 */
export function findWindow(mirror: Pick<Mirror, 'lastPass'>, config: Config, now: number): string | null {
  const { hasHeard, hasHeardAll } = questionsAbout(scopeOf(config));
  const full = mirror.lastPass(hasHeardAll);
  if (full === null || now - full.startedAt > FULL_AT_LEAST_EVERY || now < full.startedAt) return null;
  const time = mirror.lastPass(hasHeard)?.heard?.serverTime ?? null;
  return time === null ? null : new Date(time).toISOString();
}
