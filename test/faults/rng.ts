// Chance from a seed: the same seed throws the same, so that a campaign that failed can be replayed.
import { seedRandom } from '../support/records/key-corpus.ts';

export interface Rng {
  /** A whole number in [0, below). */
  readonly below: (below: number) => number;
  /** True in `share` of all throws. */
  chance(share: number): boolean;
  /** @throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T;
  /** Some of the list, `most` at most, in the list's order. */
  some<T>(list: readonly T[], most: number): T[];
}

export function makeRng(seed: number): Rng {
  const below = seedRandom(seed);
  const pick = <T>(list: readonly T[]): T => {
    const index = below(list.length);
    if (!(index in list)) throw new RangeError('there is nothing to pick');
    return list[index] as T;
  };
  return {
    below,
    chance: (share) => below(1_000_000) < share * 1_000_000,
    pick,
    some(list, most) {
      const chosen = new Set(Array.from({ length: Math.min(most, list.length) }, () => pick(list)));
      return list.filter((item) => chosen.has(item));
    },
  };
}
