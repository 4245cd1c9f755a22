// Homes inside of or above other people's homes: who owns the outer directory can replace the inner one at any time.
import type { Fault } from './identity.ts';

/** The homes of a node as a tree. */
export interface HomeTree {
  readonly homes: ReadonlySet<string>;
  /** Every directory above one of `bound`. */
  readonly above: ReadonlySet<string>;
}

/**
 * @param bound homes that the ledger binds.
 * @param fresh homes of newcomers: of two of them that are nested, the inner one is refused.
 */
export function collectHomes(bound: Iterable<string>, fresh: Iterable<string>): HomeTree {
  const held = [...bound];
  return { homes: new Set([...held, ...fresh]), above: new Set(held.flatMap(listAbove)) };
}

/** Why a newcomer does not get that home; null: they may. */
export function findNesting(home: string, { homes, above }: HomeTree): Fault | null {
  const outer = listAbove(home).find((directory) => homes.has(directory));
  if (outer === undefined && !above.has(home)) return null;
  const where = outer === undefined ? "above another person's" : `inside of ${outer}, another person's`;
  return { code: 'home-nested', detail: `the home ${home} is ${where}: it is never granted` };
}

function listAbove(home: string): string[] {
  const parts = home.split('/').filter(Boolean);
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
