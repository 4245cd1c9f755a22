// What of a round's changes failed: how often, so that it ends, and with which words, so that the history has each once.
import { type Change, describeKind } from '../../plan/change.ts';

/** Of one change in a round: slurmdbd learns seconds later that a job has ended, and of a job that slurmctld lost never. */
const MOST = 5;

export interface SlurmFailures {
  /** @returns of what was tried what is new: done, or failed with other words than before. */
  note(results: ReadonlyMap<Change, string | null>): [Change, string | null][];
  /** Whether it failed so often that it waits for the next round. */
  isStuck(change: Change): boolean;
  /** A sentence for each of the changes that are left at the end of the round. */
  say(left: readonly Change[]): string[];
}

/** @param known by change, what it failed with last: from one round to the next; brought up to date. */
export function countSlurmFailures(known: Map<string, string>): SlurmFailures {
  const counts = new Map<string, number>();
  return {
    note: (results) =>
      [...results].filter(([change, problem]) => {
        const name = nameChange(change);
        if (problem === null) {
          known.delete(name);
          return true;
        }
        counts.set(name, (counts.get(name) ?? 0) + 1);
        const isNew = known.get(name) !== problem;
        known.set(name, problem);
        return isNew;
      }),
    isStuck: (change) => (counts.get(nameChange(change)) ?? 0) >= MOST,
    say(left) {
      const names = new Set(left.map(nameChange));
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
      return [...names].map((name) => `${name}: ${known.get(name) ?? 'Slurm did not keep it'}`);
    },
  };
}

function nameChange(change: Change): string {
  const kind = describeKind(change);
  return `${kind.phrase.replace('%', change.name)}${kind.details(change)}`;
}
